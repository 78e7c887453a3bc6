"""The command that writes down what is unusual about a wave's forms."""

import hashlib
import json
from pathlib import Path

from survey.domain.submission import Channel, Proof
from survey.domain.wave import Mode
from tests.field import WAVE, Field, valid_answers
from tests.test_cli import Run
from tests.test_cli_tablet import field, run

__all__ = ["field", "run"]  # the fixtures


def test_the_evidence_is_written_with_its_data_cut_off_and_a_digest(field: Field, run: Run, tmp_path: Path) -> None:
    poster = field.points[Mode.OPEN_QR][0]
    for number in range(3):
        field.receive(
            valid_answers(), point_code=poster.code, earlier_forms=number * 3, proof=Proof.SOLVED if number else None
        )
    field.receive(valid_answers(), point_code=poster.code, channel=Channel.DESK)
    rows = field.rows()
    path = tmp_path / "evidence.json"
    told = run("evidence", WAVE, "--output", str(path), "--json").json
    written = path.read_bytes()
    assert told["sha256"] == hashlib.sha256(written).hexdigest()
    document = json.loads(written)
    assert document == run("evidence", WAVE, "--json").json
    assert document["data_until"] == told["data_until"] == max(row["received_at"] for row in rows).isoformat()
    (point,) = document["points"]
    assert (point["number"], point["forms"], point["identical"], point["most_in_window"]) == (poster.number, 4, 4, 3)
    assert (point["from_busy_devices"], point["solved"], point["median_seconds"]) == (2 / 3, 0.5, 300)
    assert "satisfied" not in written.decode(), "nobody's answers"
    assert field.rows() == rows


def test_a_wave_without_answers_and_an_unknown_one_say_so(field: Field, run: Run) -> None:
    assert run("evidence", WAVE).out.strip().endswith("nothing stands out")
    assert run("evidence", WAVE, "--json").json["data_until"] is None
    assert "There is no wave other." in run("evidence", "other").err
