"""What this version may not be used for: said by every command. It changes when the limit falls."""

EXERCISE_NOTICE = "Exercise data only: nothing here may hold a real case."
