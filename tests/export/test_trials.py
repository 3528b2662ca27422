"""Short trainings are compared, and what was trained is not trained again."""

from __future__ import annotations

import numpy as np

from gamemusic.score.phrase import Role
from gamemusic.tokens.vocabulary import BAR, NOTE
from gamemusic_export.batches import shift_notes
from gamemusic_export.trials import TrialResult, write_table


def test_octaves_move_notes_and_nothing_else() -> None:
    lead, bass = NOTE[Role.LEAD], NOTE[Role.BASS]
    tokens = np.array([BAR, lead + 20, lead + 24, bass + 2, 3], dtype=np.int64)
    moved = shift_notes(tokens, 12)
    assert moved.tolist() == [BAR, lead + 32, lead + 36, bass + 14, 3]
    # a role that would leave its range stays as it is
    assert shift_notes(tokens, -12).tolist() == [BAR, lead + 8, lead + 12, bass + 2, 3]
    drums = np.array([NOTE[Role.DRUMS] + 1], dtype=np.int64)
    assert shift_notes(drums, 12).tolist() == drums.tolist()


def test_the_table_has_a_row_a_trial() -> None:
    results = [
        TrialResult("2 x 384", 2_388_092, 6_653_132, 400.0, 9.505, 3.55),
        TrialResult("tied", 1, 2, 0.0, 7.1, 2.5),
    ]
    lines = write_table(results).splitlines()
    assert len(lines) == 4
    assert "| 2 x 384 | 2.39 | 6.7 | 16,633 | 9.505 | 3.550 |" in lines
