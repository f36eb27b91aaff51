"""The regional database folded anew beside the live one, and the proof that both are equal."""
