"""Faults that somebody could make in the code that decides notes, loops and what is let in; mutants.py tries them."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["AREAS", "Area", "Mutant"]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A change to one file that should make a test fail."""

    what: str
    """What is wrong afterwards, in a few words."""
    old: str
    """Text that stands in the file once."""
    new: str
    harmless: str = ""
    """Why no test fails, where none does."""


@dataclass(frozen=True, slots=True)
class Area:
    """Mutants of one file, and the tests that are to kill them, as pytest takes them."""

    file: str
    """From the package on."""
    tests: tuple[str, ...]
    mutants: tuple[Mutant, ...]


M = Mutant
CANDIDATES = ("tests/composer/test_candidates.py", "tests/composer/test_theme.py", "tests/tokens/test_grammar.py")
MODELS = (
    "tests/composer/test_graph.py",
    "tests/composer/test_session.py",
    "tests/security/test_model_catalogue.py",
)
FOLDERS = ("tests/packs/test_swapped_files.py", "tests/packs/test_pack.py", "tests/security/test_name_catalogue.py")
MANIFESTS = ("tests/soundtrack/test_hostile_folders.py",)
ZIPS = (
    "tests/security/test_zip_catalogue.py",
    "tests/packs/test_archive.py",
)
LOOPS = "tests/audio/test_loops.py::"

AREAS: tuple[Area, ...] = (
    Area(
        "tokens/weights.py",
        ("tests/tokens/test_grammar.py",),
        (
            M("leading tone of minor held back", "set(range(12)) - melodic - tones", "set(range(12)) - set(key.melodic) - tones | {11}"),
        ),
    ),
    Area(
        "packs/install.py",
        ("tests/packs/test_install.py",),
        (
            M(
                "old pack removed before the new one is written",
                "    zip_pack(pack, target)\n    for old in there:\n        if old != target:\n            discard(old)\n",
                "    for old in there:\n        discard(old)\n    zip_pack(pack, target)\n",
            ),
            M("what was there under another name stays", "if old != target:", "if False:"),
            M("replaced without being asked", "if there and not replace:", "if False:"),
        ),
    ),
    Area(
        "packs/pack.py",
        ("tests/packs/test_pack.py", "tests/packs/test_swapped_files.py"),
        (
            M("preset read a second time", "read.get(name) or members.read(name", "members.read(name"),
            M("card read a second time", "card_bytes=read[CARD_FILE]", "card_bytes=members.read(CARD_FILE, MAX_CARD_BYTES)"),
            M("files that no card lists", "for name in sorted(present - listed):", "for name in ():"),
            M("installed folders taken for working copies", " and origin not in _SEALED", ""),
            M("own version taken for an older one", "_numbers(one) > _numbers(other)", "_numbers(one) >= _numbers(other)"),
        ),
    ),
    Area(
        "files.py",
        ("tests/test_files.py", "tests/soundtrack/test_journal.py"),
        (M("journal and files without fsync", "    os.fsync(descriptor)\n", ""),),
    ),
    Area(
        "audio/wavfile.py",
        ("tests/audio/test_wavfile.py",),
        (
            M("no pad byte", 'file.write(b"\\0" * (size % 2))', "pass"),
            M("pad byte counted as sound", 'head + b"data" + struct.pack("<I", size)', 'head + b"data" + struct.pack("<I", size + size % 2)'),
            M("loop one frame too long", "FORWARD_LOOP, start, end - 1", "FORWARD_LOOP, start, end"),
        ),
    ),
    Area(
        "audio/loudness.py",
        ("tests/audio/test_loudness.py",),
        (
            M("shorter window, which knows less", "size, edge = 1 << 15, 256", "size, edge = 1 << 15, 4"),
            M("nothing known of what follows a window", "audio[first : start - edge + size]", "audio[first : start - edge + size - 2 * edge]"),
            M("quiet windows passed over too soon", "peak(known) * 2.0 < highest", "peak(known) * 1.2 < highest"),
            M("two times oversampled", "finer[4 * edge : -4 * edge]", "finer[4 * edge : -4 * edge : 2]"),
        ),
    ),
    Area(
        "composer/sampler.py",
        ("tests/composer/test_sampler.py",),
        (
            M("noise does not wrap round", "(noise, noise[:vocabulary])", "(noise, noise[-vocabulary:])"),
            M("tokens at the limit of min_p dropped", "logits < floor", "logits <= floor"),
            M("dropped tokens may come back", "_DROPPED = -(1 << 29)", "_DROPPED = -(1 << 12)"),
            M("sequences share their draws", "np.uint64(40)", "np.uint64(4)"),
        ),
    ),
    Area(
        "tokens/grammar.py",
        ("tests/tokens/test_grammar.py", "tests/composer/test_theme.py"),
        (
            M("notes longer than the phrase", "* self._bar_ticks - state.position", "* self._bar_ticks"),
            M("one voice too many", "state.struck >= self._caps[stream]", "state.struck > self._caps[stream]"),
            M("one note a bar too many", "state.counts[stream] >= limit", "state.counts[stream] > limit"),
            M("bars without end", "state.tokens_in_bar >= TOKENS_PER_BAR", "state.tokens_in_bar >= 100 * TOKENS_PER_BAR"),
            M("no room kept at the last tick", "if full or state.position == self._last_tick:", "if full:"),
            M("one note above the range", "min(high, most - shift)", "min(high, most - shift + 1)"),
            M("a velocity that no note can follow", "(self._never_outside[above:] & (row[above:] == 0)).any()", "True"),
            M("chords of the model beside fixed ones", "if not (full or self._planned or", "if not (full or"),
            M("bars closed before their fixed chords", "if plan < 0 and (state.noted", "if (state.noted"),
            M("bars closed without a note that is heard", "(state.noted & self._heard_mask or", "(state.noted or"),
            M("fixed leads crowded out at the last tick", "late = bool(events) and", "late = False and"),
        ),
    ),
    Area(
        "composer/candidates.py",
        CANDIDATES,
        (
            M("seam heard as if a cadence had come", "    batch.features[:, _ENDING] = 0\n    batch.show", "    batch.show"),
            M(
                "seam heard after what others composed",
                "    batch.memory = {name: np.stack([memory[name] for memory in finished]) for name in batch.memory}\n",
                "",
            ),
            M("best seam taken for the worst", "[(a - b) / FRACTION", "[(b - a) / FRACTION"),
            M("the bar line counts as surprise", "                if step:\n", "                if True:\n"),
            M("what follows is not looked at", "[after or state.history[0]", "[state.history[0]"),
            M("copies bring other chords along", "if plan.get(bar, ()) == plan.get(source, ())", "if True"),
            M("logits reach past the masks", "        np.minimum(logits, LOGIT_LIMIT, out=logits)\n", ""),
            M("given leads come one token late", "(token >= note or token in (BAR, END)", "(token > note or token in (BAR, END)"),
            M("velocities of the end forgotten at the seam", "        state.velocities = list(velocities)\n", "        pass\n", "only the tokens of the seam are scored, its notes are not kept"),
        ),
    ),
    Area(
        "composer/melody.py",
        ("tests/composer/test_melody.py", "tests/composer/test_theme.py"),
        (
            M("shape of the line lost", " + _TURNED * (np.sign(moves) != np.sign(wanted))", ""),
            M("chord changes one note late", "if start > tick:", "if start >= tick > 0:"),
        ),
    ),
    Area(
        "composer/judge.py",
        ("tests/composer/test_judge.py",),
        (
            M("a role in a quarter of the bars is absent", "for bar in bars) < len(bars)", "for bar in bars) <= len(bars)"),
            M("a bar of silence passes", ">= bar_ticks:", "> bar_ticks:"),
            M("the most usual figure is a fault", "elif value > high:", "elif value >= high:"),
            M("copies one note shorter turned away", "> LONGEST_COPY:", ">= LONGEST_COPY:"),
            M("copies of planned tunes pass", "(planned or not given)", "not given"),
            M("the least likely music ranks first", "[-one for one in likeness]", "list(likeness)"),
            M("faults count less than places", "(len(faults[index]), places[index], index)", "(places[index], len(faults[index]), index)"),
        ),
    ),
    Area(
        "audio/loops.py",
        (LOOPS + "test_stems_that_are_louder_than_their_sum_do_not_clip",),
        (
            M("stems may clip", "_peak_gain([mix, *finished])", "_peak_gain([mix])"),
        ),
    ),
    Area(
        "audio/loops.py",
        (LOOPS + "test_the_following_pass_is_the_same",),
        (
            M("the first pass is the loop", "while not first_pass.isdisjoint(synth.sounding()):", "while False:"),
            M("voices without a past", "        prime(synth)\n", ""),
        ),
    ),
    Area(
        "audio/loops.py",
        (LOOPS + "test_voices_primed_with_the_delay_of_their_sound_do_not_loop",),
        (
            M("nothing is played on to compare with", "until = done + extra_passes * frames", "until = done"),
        ),
    ),
    Area(
        "composer/graph.py",
        MODELS,
        (
            M("a metadata name twice", "if name in names:", "if False:"),
            M("metadata without end", "        entry.text(2, _MOST_METADATA)\n", ""),
            M("a feature column beyond the last", "chosen.max() >= len(FEATURES)", "chosen.max() > len(FEATURES)"),
            M("a row beyond the table", "(last * strides + offsets).max() >= rows", "(last * strides + offsets).max() > rows"),
            M("one layer too many", "1 <= layers <= most_layers or", "1 <= layers <= most_layers + 1 or"),
            M("one cell too many", "1 <= hidden <= most_cells:", "1 <= hidden <= most_cells + 1:"),
            M("a weight that is not exact everywhere", "-LARGEST_WEIGHT, LARGEST_WEIGHT - 1)", "-LARGEST_WEIGHT, LARGEST_WEIGHT)"),
            M("a bias without limit", '("bias", 1e9)', '("bias", 3e38)'),
            M("a scale without limit", '("scale", 1e4)', '("scale", 3e38)'),
            M("a second attribute", "if len(attributes) > 1 or", "if"),
            M("a named last side", " or sizes[0].numbers or sizes[1].parts", ""),
            M("a file larger than the limit", "if len(model) > limits.model_bytes:", "if False:"),
        ),
    ),
    Area(
        "packs/archive.py",
        ZIPS,
        (
            M("a file twice", "if count > 1)", "if count > 2)"),
            M("data between files", "if info.header_offset > end:", "if False:"),
            M("data before the directory", "if directory != end:", "if False:"),
            M("data after the end", ' or data[tail : tail + 4] != b"PK\\x05\\x06"', ""),
            M("the end says something else", "if _END.unpack_from(data, tail + 4) != (0, 0, count,", "if _END.unpack_from(data, tail + 4)[3:] != (count,"),
            M("encrypted in the header alone", "        same = same and not (flags ^", "        same = same and True or not (flags ^"),
            M("another name in the extra field", " and not _is_renamed(data[start : start + extra_length])", ""),
            M("another name in the directory's extra field", "not _is_renamed(info.extra) and ", ""),
            M("extra fields without end", "if extra_length > MOST_EXTRA:", "if False:"),
            M("bombs ten times as large", "> self._limits.zip_ratio * info.compress_size", "> 10 * self._limits.zip_ratio * info.compress_size"),
            M("shorter than it says", "if len(data) != info.file_size:", "if len(data) > info.file_size:"),
            M("folders with content", "            if info.file_size:\n", "            if False:\n"),
            M("short sizes of large files", "if max(known) < 1 << 32 or pair[1] == _LONG_SIZES]", "]"),
        ),
    ),
    Area(
        "packs/members.py",
        FOLDERS,
        (
            M("names that differ in case alone", '"NFC", name).casefold())', '"NFC", name))'),
            M("a file where a folder must be", "for count in range(1, len(parts)):", "for count in range(2, len(parts)):"),
            M("links on the way followed", "            self._status(name)\n            # what", "            # what"),
        ),
    ),
    Area(
        "soundtrack/lockfile.py",
        ("tests/soundtrack/test_lockfile.py", "tests/soundtrack/test_hostile_folders.py"),
        (
            M("packs of a harmony not pinned", "origin = origin.harmony", "origin = None"),
            M("packs that a transition leaves not pinned", "in (order.origin, order.left):", "in (order.origin,):"),
            M("what is new is a difference", ".get(name, value)", '.get(name, "")'),
            M("a lock file that is a link", "most=_MOST_BYTES, links=False", "most=_MOST_BYTES"),
            M("soundfonts not pinned", "if order.soundfont:", "if False:"),
            M("versions not compared", '("soundfonts", "soundfont"), ("versions", "")', '("soundfonts", "soundfont")'),
            M("any text for a SHA-256", 'text(64, r"[0-9a-f]{64}", "a SHA-256 of 64 digits")', "text(64)"),
        ),
    ),
)  # fmt: skip
