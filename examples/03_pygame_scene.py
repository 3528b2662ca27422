"""A town, a dungeon and a fight, with music that follows: arrows walk, walking into a foe strikes it, escape ends.

python examples/03_pygame_scene.py [--seconds N] [--wav FILE] [--picture FILE] [--seed N] [--dungeon MOOD]

Needs `pip install 'gamemusic[pygame]'`. With --seconds somebody walks for you. With --wav there is neither a window nor
a sound card: music is read in step with the game's time, as fast as the machine can, into a file of exactly N seconds,
and every bar line is printed. --town, --dungeon and --combat name other moods, such as one of your own.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import gamemusic
from gamemusic import adapters

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
try:
    import pygame
except ImportError:
    sys.exit("this example needs pygame-ce: pip install 'gamemusic[pygame]'")

FRAMES_A_SECOND = 60
SAMPLE_RATE = 48000
TILE = 32
VIEW = pygame.Rect(0, 0, 20 * TILE, 9 * TILE)
HUD_HEIGHT = 64

MAP = """
####################################################
#,,,h,,,,h,,####...........####.......####.........#
#,,,,,,,,,,,####..####.....####.##....####.........#
#,h,,,o,,,h,,,,,..####..##.............##....e.....#
#,,,,,,,,,,,,,,,......e.........e...............e..#
#,,,,,,,,h,,####........####....####..##.....e.....#
#,h,,,,,,,,,####.##.....####...#####..####.........#
####################################################
""".strip().splitlines()
"""Walls, houses, where the player begins, foes; ``,`` is the town's grass and ``.`` the dungeon's floor."""

COLOURS = {"#": (52, 46, 58), ",": (86, 130, 72), ".": (84, 76, 92), "h": (150, 92, 62)}
WALK = [(12.5, 4), (15, 4), (21.5, 4), (31.5, 4), (36.5, 4), (44, 4), (46, 4), (36.5, 4), (12.5, 4), (6, 3)]
"""Where the one who walks for you goes, in tiles."""

SIGHT = 5.0
"""Tiles from which a foe comes after the player; they give up a little farther off."""
HEARTS = 6


@dataclass
class Foe:
    """Somebody who does not want the player here."""

    x: float
    y: float
    health: int = 5
    awake: bool = False
    rest: float = 0.0
    """Seconds until it can strike again."""


@dataclass
class World:
    """The game without its pictures and its music; places and distances are in tiles."""

    x: float = 6.0
    y: float = 3.0
    hearts: int = HEARTS
    rest: float = 0.0
    foes: list[Foe] = field(default_factory=list)
    won: bool = False
    """Whether the last foe who was awake fell in this frame."""

    def step(self, walk: tuple[float, float], seconds: float) -> None:
        """Let time pass, with the player walking in a direction of length 1 at most."""
        foes = len(self.foes)
        self.rest = max(0.0, self.rest - seconds)
        x, y = self.x + walk[0] * 5.0 * seconds, self.y + walk[1] * 5.0 * seconds
        struck = next((foe for foe in self.foes if math.dist((x, y), (foe.x, foe.y)) < 0.8), None)
        if struck is not None:
            if self.rest == 0.0:
                struck.health, self.rest = struck.health - 1, 0.7
        else:
            self.x, self.y = self._slide((self.x, self.y), (x, y))
        self.foes = [foe for foe in self.foes if foe.health > 0]
        for foe in self.foes:
            self._move(foe, seconds)
        self.won = len(self.foes) < foes and not any(foe.awake for foe in self.foes)
        if self.won:
            self.hearts = HEARTS
        if self.hearts <= 0:  # wake up at the well, all foes asleep
            self.x, self.y, self.hearts = 6.0, 3.0, HEARTS

    def _move(self, foe: Foe, seconds: float) -> None:
        away = math.dist((self.x, self.y), (foe.x, foe.y))
        foe.awake = away < (SIGHT + 1.5 if foe.awake else SIGHT)
        foe.rest = max(0.0, foe.rest - seconds)
        if foe.awake and away > 0.9:
            pace = 2.0 * seconds / away
            target = (foe.x + (self.x - foe.x) * pace, foe.y + (self.y - foe.y) * pace)
            foe.x, foe.y = self._slide((foe.x, foe.y), target)
        elif foe.awake and foe.rest == 0.0:
            self.hearts, foe.rest = self.hearts - 1, 4.5

    @staticmethod
    def _slide(old: tuple[float, float], new: tuple[float, float]) -> tuple[float, float]:
        """Return the new place, or what of it walls and houses allow."""
        x = new[0] if MAP[round(old[1])][round(new[0])] not in "#h" else old[0]
        y = new[1] if MAP[round(new[1])][round(x)] not in "#h" else old[1]
        return x, y

    @property
    def danger(self) -> float:
        """How near the next foe is, 0 (12 tiles or more) to 1 (it sees the player)."""
        nearest = min((math.dist((self.x, self.y), (foe.x, foe.y)) for foe in self.foes), default=math.inf)
        return max(0.0, min(1.0, (12.0 - nearest) / (12.0 - SIGHT)))


class Score:
    """What the music is told: all that a game needs to know of this package."""

    def __init__(self, music: gamemusic.Director, moods: dict[str, str]) -> None:
        self.music, self.moods = music, moods
        self.place = ""
        for place in ("dungeon", "combat"):
            music.prepare(moods[place])

    def follow(self, world: World) -> None:
        """Ask for the music that fits; most frames change nothing."""
        if world.won:
            self.music.stinger("win")
        foes = sum(foe.awake for foe in world.foes)
        place = "combat" if foes else "town" if world.x < 13.5 else "dungeon"
        if place != self.place:
            # a fight cannot wait for the bar line
            self.music.play(self.moods[place], at="beat" if place == "combat" else "bar")
            self.place = place
        wounds = 1.0 - world.hearts / HEARTS
        calm = {"town": 0.3, "dungeon": 0.2 + 0.5 * world.danger}
        self.music.intensity = calm.get(place, min(1.0, 0.45 + 0.15 * foes + 0.3 * wounds))


def read_map() -> World:
    """Return the world as `MAP` draws it."""
    places = [(x, y, tile) for y, row in enumerate(MAP) for x, tile in enumerate(row)]
    return World(foes=[Foe(x, y) for x, y, tile in places if tile == "e"])


def draw(screen: pygame.Surface, font: pygame.font.Font, world: World, score: Score) -> None:
    """Draw a frame."""
    left = max(0, min(int(world.x * TILE) - VIEW.width // 2, len(MAP[0]) * TILE - VIEW.width))
    screen.fill((18, 16, 22))
    for y, row in enumerate(MAP):
        for x, tile in enumerate(row):
            pygame.draw.rect(screen, COLOURS.get(tile, COLOURS["." if x > 12 else ","]), place(x, y, left, TILE - 1))
    for foe in world.foes:
        pygame.draw.rect(screen, (214, 76, 64) if foe.awake else (120, 70, 80), place(foe.x, foe.y, left, 22))
        pygame.draw.rect(screen, (250, 210, 120), (*place(foe.x, foe.y, left, 32).topleft, 6 * foe.health, 3))
    pygame.draw.circle(screen, (240, 226, 190), place(world.x, world.y, left, 0).center, 11)
    now = score.music.now
    playing = f"{now.mood} ({now.style})  bar {now.bar + 1}/{now.bars}  {now.tempo_bpm:.0f} bpm" if now else "..."
    lines = (f"asked for: {score.moods.get(score.place)}", f"heard: {playing}")
    for number, line in enumerate(lines):
        screen.blit(font.render(line, True, (220, 216, 226)), (12, VIEW.bottom + 8 + 26 * number))
    for heart in range(HEARTS):
        colour = (214, 76, 64) if heart < world.hearts else (70, 60, 70)
        pygame.draw.circle(screen, colour, (VIEW.right - 16 - 22 * heart, VIEW.bottom + 18), 8)
    gauge = pygame.Rect(VIEW.right - 142, VIEW.bottom + 36, 130, 14)
    pygame.draw.rect(screen, (70, 60, 70), gauge)
    gauge.width = round(gauge.width * score.music.intensity)
    pygame.draw.rect(screen, (240, 180, 80), gauge)


def place(x: float, y: float, left: int, size: int) -> pygame.Rect:
    """Return a square of ``size`` pixels in the middle of a tile."""
    square = pygame.Rect(0, 0, size, size)
    square.center = (round((x + 0.5) * TILE) - left, round((y + 1) * TILE))
    return square


def keys() -> tuple[float, float]:
    """Return where the arrow keys point."""
    pressed = pygame.key.get_pressed()
    x, y = pressed[pygame.K_RIGHT] - pressed[pygame.K_LEFT], pressed[pygame.K_DOWN] - pressed[pygame.K_UP]
    length = math.hypot(x, y) or 1.0
    return x / length, y / length


def walker(world: World) -> Iterator[tuple[float, float]]:
    """Yield where the one who walks for you goes in each frame: `WALK`, with a look round at each place."""
    for target in WALK:
        while (away := math.dist((world.x, world.y), target)) > 0.3:
            prey = min(world.foes, key=lambda foe: math.dist((world.x, world.y), (foe.x, foe.y)), default=None)
            if prey is not None and math.dist((world.x, world.y), (prey.x, prey.y)) < 1.5:
                away, aim = math.dist((world.x, world.y), (prey.x, prey.y)), (prey.x, prey.y)
            else:
                aim = target
            yield (aim[0] - world.x) / away, (aim[1] - world.y) / away
        for _ in range(3 * FRAMES_A_SECOND):
            yield 0.0, 0.0
    while True:
        yield 0.0, 0.0


def play(
    world: World, score: Score, walk: Callable[[], tuple[float, float]], frames: int | None, tick: Callable[[], object]
) -> pygame.Surface:
    """Run the game for a number of frames, or until it is closed, and return the last picture."""
    pygame.display.set_caption("gamemusic")
    screen = pygame.display.set_mode((VIEW.width, VIEW.height + HUD_HEIGHT))
    font = pygame.font.Font(None, 24)
    while frames is None or frames > 0:
        for event in pygame.event.get():
            if event.type == pygame.QUIT or (event.type == pygame.KEYDOWN and event.key == pygame.K_ESCAPE):
                return screen
        world.step(walk(), 1 / FRAMES_A_SECOND)
        score.follow(world)
        draw(screen, font, world, score)
        pygame.display.flip()
        tick()
        frames = None if frames is None else frames - 1
    return screen


def tell(moment: gamemusic.Moment) -> None:
    """Print a bar line: when it is heard, what plays, which bar, what kind of phrase."""
    print(f"{moment.seconds:.4f} {moment.mood} {moment.bar} {moment.kind} {moment.tempo_bpm:g}", flush=True)


def main() -> int:
    """Play."""
    parser = argparse.ArgumentParser(
        description="A town, a dungeon and a fight: arrows walk, walking into a foe strikes."
    )
    parser.add_argument("--seconds", type=float, metavar="N", help="walk by itself and end after N seconds")
    parser.add_argument("--wav", type=Path, metavar="FILE", help="no window and no sound card; write what is heard")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="write the last frame as a PNG")
    parser.add_argument("--seed", type=int, default=3, metavar="N", help="the same seed gives the same music")
    for name in ("town", "dungeon", "combat"):
        parser.add_argument(f"--{name}", default=name, metavar="MOOD", help=f"what is played there (default: {name})")
    options = parser.parse_args()
    moods = {name: getattr(options, name) for name in ("town", "dungeon", "combat")}
    seconds = options.seconds or (20.0 if options.wav else None)
    if options.wav:
        os.environ.update(SDL_VIDEODRIVER="dummy", SDL_AUDIODRIVER="dummy")
    with ExitStack() as stack:
        pygame.mixer.pre_init(SAMPLE_RATE)
        pygame.init()
        stack.callback(pygame.quit)
        settings = gamemusic.Settings(patient=bool(options.wav))  # a recording may wait for the composer
        music = stack.enter_context(gamemusic.Director(sample_rate=SAMPLE_RATE, seed=options.seed, settings=settings))
        if options.wav:
            music.on_bar(tell)
            heard = stack.enter_context(adapters.Recording(music, options.wav, seconds=seconds))
            tick: Callable[[], object] = lambda: heard.read(SAMPLE_RATE // FRAMES_A_SECOND)  # noqa: E731
        else:
            if pygame.mixer.get_init():  # without a sound card the game goes on
                adapters.pygame.play(music)  # the one line
            clock = pygame.time.Clock()
            tick = lambda: clock.tick(FRAMES_A_SECOND)  # noqa: E731
        world = read_map()
        steps = walker(world)
        walk = keys if seconds is None else lambda: next(steps)
        frames = None if seconds is None else math.ceil(seconds * FRAMES_A_SECOND)
        picture = play(world, Score(music, moods), walk, frames, tick)
        if options.picture:
            pygame.image.save(picture, str(options.picture))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except gamemusic.GameMusicError as error:
        sys.exit(f"error: {error}")
