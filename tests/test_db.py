"""Who waits for whom when many ask at once."""

import threading
import time

from sqlalchemy import event, text

from survey.db import Database


def test_the_first_reader_and_the_first_writer_of_a_process_do_not_wait_for_each_other(database_url: str) -> None:
    db = Database(database_url)
    done: list[str] = []

    def read() -> None:
        with db.reading() as connection:
            connection.execute(text("SELECT 1"))
        done.append("read")

    def write() -> None:
        with db.writing() as connection:
            connection.execute(text("DELETE FROM slot_hold"))
        done.append("written")

    # Daemons: if they wait for ever, the test's process still ends.
    reader, writer = (threading.Thread(target=target, daemon=True) for target in (read, write))

    @event.listens_for(db.engine, "connect", insert=True)
    def while_the_first_connection_is_made(_connection: object, _record: object) -> None:
        if not writer.ident:
            writer.start()
            time.sleep(0.5)  # until the writer has come as far as it can

    reader.start()
    reader.join(20)
    writer.join(20)
    assert sorted(done) == ["read", "written"]
    db.close()
