-- The outbox table of a national system (PostgreSQL 12 or later): what stands in it is submitted, row by row, in the
-- order of id. The producer reads rows that are not done (FOR UPDATE SKIP LOCKED), hands them to the member's intake,
-- and writes what became of each. A row that was handed over but not yet marked when the process ended is handed over
-- again, which changes nothing. Rows are never deleted by the producer; delete done ones as the system's rules want.
--
-- stream   which stream a record in the harmonised form belongs to: seizure, missing or trace; or
-- mapping  the name of the mapping that reads the record in its national form. Exactly one of the two is given.
-- record   the record, one JSON object. In its national form it is a whole record (nested items by items.from), or one
--          row that is a whole record; rows of several statements never become one record.
-- outcome  accepted, unchanged, superseded, rejected, or left_out (the mapping's "only" does not want it).
-- problems JSON: why it was rejected, each with code, parameters and a sentence. To mend a record, insert it again.

CREATE TABLE interfocal_outbox (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    stream      text,
    mapping     text,
    record      jsonb NOT NULL,
    written_at  timestamptz NOT NULL DEFAULT now(),
    done_at     timestamptz,
    outcome     text,
    event_id    text,
    revision    integer,
    problems    text,
    CHECK ((stream IS NULL) <> (mapping IS NULL))
);

CREATE INDEX interfocal_outbox_waiting ON interfocal_outbox (id) WHERE done_at IS NULL;

-- The producer's own account: it may read everything, and write only what became of a row.
--
--   CREATE ROLE interfocal LOGIN PASSWORD '...';
--   GRANT SELECT ON interfocal_outbox TO interfocal;
--   GRANT UPDATE (done_at, outcome, event_id, revision, problems) ON interfocal_outbox TO interfocal;

-- A trigger: every change of a national table becomes a row of the outbox, in the same transaction, and the national
-- system is not changed. Name the table and the mapping once, as here for a table "case_file":
--
--   CREATE TRIGGER case_file_to_interfocal AFTER INSERT OR UPDATE ON case_file
--       FOR EACH ROW EXECUTE FUNCTION interfocal_put('rs-case-file');

CREATE FUNCTION interfocal_put() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO interfocal_outbox (mapping, record) VALUES (TG_ARGV[0], to_jsonb(NEW));
    RETURN NEW;
END
$$;

-- Other databases: the same columns with types of their own (text for record, an increasing id); SKIP LOCKED is used
-- where the database has it. Without it, let one producer process alone poll the table.
