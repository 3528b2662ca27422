"""Voices: who doubles whom, and who sings."""

from __future__ import annotations

from midisongs import notes, song

from gamemusic.score.voices import describe_voice, find_melody, find_voices, label_voice

BEATS = range(0, 480 * 32, 480)
TUNE = (67, 71, 74, 79, 74, 71, 67, 66)


def test_what_doubles_another_is_known_and_comes_last() -> None:
    tracks = {
        "Flute": notes(BEATS, TUNE),
        "Bass": notes(BEATS, (36, 43), channel=1),
        "Oboe": notes(BEATS, [pitch + 12 for pitch in TUNE], channel=2),
        "Drums": notes(BEATS, (36, 38), channel=9, drums=True),
    }
    voices = find_voices(song(tracks))
    assert [label_voice(voices, voice) for voice in voices] == ["1 Flute", "2 Bass", "3 Drums", "4 Oboe"]
    assert [voice.doubles and voice.doubles.name for voice in voices] == [None, None, None, "Flute"]
    assert [describe_voice(voices, voice) for voice in voices] == [
        "32 notes, F#4 to G5", "32 notes, C2 to G2", "32 notes", "32 notes, F#5 to G6, doubles 1 Flute"
    ]  # fmt: skip


def test_voices_that_are_equal_have_labels_of_their_own() -> None:
    voices = find_voices(song({"A": notes(BEATS, TUNE), "B": notes(BEATS, TUNE, channel=1)}))
    assert [label_voice(voices, voice) for voice in voices] == ["1 A", "2 B"]
    same = find_voices(song({"A": notes(BEATS, TUNE), "A ": notes(BEATS, TUNE)}))
    assert len({label_voice(same, voice) for voice in same}) == 2


def test_a_few_high_notes_of_effects_are_no_melody() -> None:
    flute = notes(BEATS, TUNE)
    for count in (1, 2, 8):
        for pitch in (80, 84, 90, 100, 120):
            high = notes(list(BEATS)[:: 32 // count], (pitch,), channel=1, program=80)
            voices = find_voices(song({"Flute": flute, "FX": high}))
            assert find_melody(voices, 480).name == "Flute"


def test_a_slow_melody_over_quick_notes_sings() -> None:
    slow = notes(range(0, 480 * 32, 1920), (76, 79, 81, 79), length=1900, program=73)
    quick = notes(range(0, 480 * 32, 120), (60, 64, 67, 64), length=100, channel=1)
    assert find_melody(find_voices(song({"a": slow, "b": quick})), 480).name == "a"


def test_a_name_counts_more_than_the_pitch() -> None:
    tracks = {"Strings": notes(BEATS, (84, 86)), "Vocal": notes(BEATS, TUNE, channel=1)}
    assert find_melody(find_voices(song(tracks)), 480).name == "Vocal"
