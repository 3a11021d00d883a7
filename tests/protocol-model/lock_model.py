#!/usr/bin/env python3
"""Bounded model check of the lease in an object store, as `crates/engine/src/store/remote` has it.

Two runners contend for one root object. Any request may be slow, lose its answer, or come as a ghost: given up by its
sender and executed later. A process may be paused between signing a call and sending it, and may die before or after any
request. AWS refuses a call that arrives more than SIGWIN after its signature. Explored are all schedules with at most D
such deviations.

usage: lock_model.py [D]             explore; D is 2 unless said
       lock_model.py --sample N [D]  N random schedules with D deviations, by a fixed seed
       lock_model.py --mutants       switch each rule off and show the schedule that it prevents
"""

from __future__ import annotations

import heapq
import itertools
import random
import sys
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

TTL, MARGIN, DRAIN, SIGWIN, POLL, ATTEMPT = 13, 5, 7, 23, 2, 12
LONG = SIGWIN + 1
assert ATTEMPT <= MARGIN + DRAIN
PAUSES = [0, 4, 11, 22, TTL + LONG + 8]
GHOSTS = [3, TTL + 3]
SLOW = 12
LOST, DIE_BEFORE, DIE_AFTER, SLOW_ANSWER, GHOST = range(len(PAUSES), len(PAUSES) + 5)
CHOICES = GHOST + len(GHOSTS)
STEPS = 900

MUTANTS = {
    "unconditional_put": "every write of the root is conditional",
    "no_drain": "a contender waits beyond the lease's end",
    "short_drain": "longer where a call that comes late would do harm",
    "check_then_sign": "sign, then ask the gate, then send",
    "renew_by_answer": "the lease counts from the sending of a write, not from its answer",
    "no_margin": "a call is sent only if it ends before the drain does",
    "wall_clock": "only our own monotonic clock is asked",
    "naive_412": "a refused write is looked into: it may be our own",
    "self_fence": "an earlier write of ours that comes late does not fence us",
    "blind_unlock": "the release is conditional, too",
    "sweep_all": "blobs of a later epoch are never swept",
    "blob_after_root": "a blob is there before the root names it",
}

Request = tuple[Any, ...]
Runner = Generator[Request, Any, str]


@dataclass(frozen=True)
class Root:
    """The root object."""

    epoch: int = 0
    holder: str | None = None
    write: tuple[str, int] = ("", 0)
    expires: int = 0
    snapshot: tuple[int, int] | None = None
    lines: tuple[Any, ...] = ()


@dataclass
class Store:
    """The bucket."""

    root: Root = field(default_factory=Root)
    etag: int = 0
    blobs: dict[tuple[int, int], tuple[Any, ...]] = field(default_factory=dict)


class Sim:
    """One schedule: the queue of what happens when, and what was seen."""

    def __init__(self, deviations: tuple[tuple[int, int], ...], mutant: str | None) -> None:
        self.deviations = dict(deviations)
        self.options: list[int] = []
        self.mutant = mutant
        self.time = 0
        self.queue: list[tuple[int, int, Callable[[], None]]] = []
        self.count = itertools.count()
        self.store = Store()
        self.acquired: list[tuple[int, int]] = []
        self.executed: list[tuple[int, int, bool, int]] = []
        self.kept: list[Any] = []
        self.done: dict[str, str] = {}

    def choose(self, options: int) -> int:
        """What happens at this point of the schedule."""
        choice = self.deviations.get(len(self.options), 0)
        self.options.append(options)
        return choice if choice < options else 0

    def at(self, time: int, act: Callable[[], None]) -> None:
        """Let something happen then."""
        heapq.heappush(self.queue, (time, next(self.count), act))

    def handle(self, request: Request) -> Any:
        """A request arrives."""
        kind, store = request[0], self.store
        if kind == "get":
            return store.root, store.etag
        if kind == "put":
            if request[1] != store.etag and self.mutant != "unconditional_put" and request[1] is not None:
                return "refused"
            store.etag += 1
            store.root = request[2]
            return store.etag
        if kind == "write":
            store.blobs.setdefault(request[1], request[2])
        elif kind == "read":
            return store.blobs.get(request[1])
        elif kind == "list":
            return list(store.blobs)
        elif kind == "delete":
            store.blobs.pop(request[1], None)
        elif kind == "call":
            _, signed, epoch, harmful = request
            if self.time - signed > SIGWIN:
                return "expired"
            self.executed.append((self.time, epoch, harmful, signed))
        return "ok"


class Pen:
    """A runner's view of the root; the lease; the gate."""

    def __init__(self, sim: Sim, nonce: str, wall: int) -> None:
        self.sim, self.nonce, self.wall = sim, nonce, wall
        self.root, self.etag, self.number, self.renewed = Root(), 0, 0, 0
        self.fenced = False
        self.state: tuple[Any, ...] = ()

    def get(self) -> Generator[Request, Any, tuple[Root, int]]:
        """The root, asked until there is an answer."""
        while True:
            found = yield ("get",)
            if found != "lost":
                return found

    def swap(self, make: Callable[[Root], Root]) -> Generator[Request, Any, bool]:
        """Replace the root; False when another runner has it."""
        sim = self.sim
        for _ in range(8):
            self.number += 1
            base = self.root
            expires = sim.time + self.wall + TTL
            wanted = replace(make(base), write=(self.nonce, self.number), expires=expires)
            first = sim.time
            outcome = yield from self.attempt(wanted, first)
            if outcome == "done":
                sim.kept.extend(line for line in wanted.lines if line not in base.lines)
                return True
            if outcome == "fenced":
                self.fenced = True
                return False
        return False

    def attempt(self, wanted: Root, first: int) -> Generator[Request, Any, str]:
        """Send one write until it is known how it ended; in doubt when the look after it is lost."""
        sim = self.sim
        for _ in range(8):
            sent = sim.time
            etag = yield ("put", self.etag, wanted)
            if isinstance(etag, int):
                self.know(wanted, etag, sim.time if sim.mutant == "renew_by_answer" else sent)
                return "done"
            if sim.mutant == "naive_412":
                if etag == "lost":
                    continue
                return "fenced"
            found = yield ("get",)
            if found == "lost":
                # In doubt: settled by another look, then written anew under the next number.
                found = yield from self.get()
                root, etag = found
                if root.write == wanted.write:
                    self.know(root, etag, first)
                    return "done"
                if etag == self.etag:
                    return "again"
            root, etag = found
            if root.write == wanted.write:
                self.know(root, etag, first)
                return "done"
            if etag == self.etag:
                continue
            if root.write[0] == self.nonce and sim.mutant != "self_fence":
                self.root, self.etag = root, etag
                return "again"
            return "fenced"
        return "again"

    def know(self, root: Root, etag: int, sent: int) -> None:
        """The root is known to be there, by a request that was sent then."""
        self.root, self.etag, self.renewed = root, etag, sent

    def open(self) -> bool:
        """The gate."""
        margin = 0 if self.sim.mutant == "no_margin" else MARGIN
        return not self.fenced and self.sim.time < self.renewed + TTL - margin


def claim(sim: Sim, pen: Pen) -> Generator[Request, Any, None]:
    """Take the lease: at once if it is free, or else after a silence."""
    while True:
        root, etag = yield from pen.get()
        seen, since = etag, sim.time
        while root.holder is not None:
            if sim.mutant == "wall_clock":
                if sim.time + pen.wall > root.expires:
                    break
            elif etag == seen and sim.time - since > silence(sim, root):
                break
            yield ("sleep", POLL)
            root, etag = yield from pen.get()
            if etag != seen:
                seen, since = etag, sim.time
        pen.root, pen.etag, pen.fenced = root, etag, False
        taken = yield from pen.swap(lambda base: replace(base, epoch=base.epoch + 1, holder=pen.nonce))
        if taken:
            return


def silence(sim: Sim, root: Root) -> int:
    """For how long a holder must be silent: his lines say whether a late call would do harm."""
    if sim.mutant == "no_drain":
        return TTL
    open_intents = {line[1:3] for line in root.lines if line[0] == "intent" and line[3]}
    open_intents -= {line[1:3] for line in root.lines if line[0] == "outcome"}
    harm = bool(open_intents) and sim.mutant != "short_drain"
    return TTL + (LONG if harm else DRAIN)


def runner(sim: Sim, nonce: str, wall: int) -> Runner:
    """One run: the lease, three calls with a snapshot between, the release."""
    pen = Pen(sim, nonce, wall)
    yield from claim(sim, pen)
    epoch = pen.root.epoch
    sim.acquired.append((sim.time, epoch))
    yield from load(pen)
    waiting: tuple[Any, ...] = ()
    for step in range(3):
        harmful = step == 1
        more = (*waiting, ("intent", epoch, step, harmful))
        if not (yield from pen.swap(lambda base, more=more: replace(base, lines=base.lines + more))):
            return "fenced"
        waiting = ()
        if (yield from call(sim, pen, harmful)) != "ok":
            return "lease lost"
        waiting = (("outcome", epoch, step),)
        if step == 1 and not (yield from commit(sim, pen, waiting)):
            return "fenced"
        waiting = () if step == 1 else waiting
    return (yield from release(sim, pen, waiting))


def load(pen: Pen) -> Generator[Request, Any, None]:
    """Read the snapshot, asked until there is an answer."""
    while pen.root.snapshot is not None:
        blob = yield ("read", pen.root.snapshot)
        assert blob is not None, "L-blob: the root names a blob that is not there"
        if blob != "lost":
            pen.state = blob
            return


def call(sim: Sim, pen: Pen, harmful: bool) -> Generator[Request, Any, str]:
    """Sign, ask the gate, send; a gate that is closed for now is waited for."""
    for _ in range(4):
        yield ("pause",)
        if sim.mutant == "check_then_sign":
            if not pen.open():
                return "shut"
            yield ("pause",)
            signed = sim.time
        else:
            signed = sim.time
            yield ("pause",)
        if sim.mutant == "check_then_sign" or pen.open():
            return (yield ("call", signed, pen.root.epoch, harmful))
        if not (yield from pen.swap(lambda base: base)):
            return "fenced"
    return "shut"


def commit(sim: Sim, pen: Pen, waiting: tuple[Any, ...]) -> Generator[Request, Any, bool]:
    """A snapshot: its blob, then the root, then what is no longer needed goes."""
    name = (pen.root.epoch, pen.number)
    content = pen.state + pen.root.lines + waiting
    if sim.mutant != "blob_after_root":
        while (yield ("write", name, content)) == "lost":
            pass
    if not (yield from pen.swap(lambda base: replace(base, snapshot=name, lines=()))):
        return False
    if sim.mutant == "blob_after_root":
        yield ("write", name, content)
    sim.kept.extend(waiting)
    pen.state = content
    known, epoch = pen.root.snapshot, pen.root.epoch
    names = yield ("list",)
    for old in names if isinstance(names, list) else []:
        if old != known and (old[0] <= epoch or sim.mutant == "sweep_all"):
            yield ("delete", old)
    return True


def release(sim: Sim, pen: Pen, waiting: tuple[Any, ...]) -> Generator[Request, Any, str]:
    """Give the lease back."""
    if sim.mutant == "blind_unlock":
        root, _ = yield from pen.get()
        yield ("put", None, replace(root, holder=None, lines=root.lines + waiting))
        return "done"
    given = yield from pen.swap(lambda base: replace(base, holder=None, lines=base.lines + waiting))
    return "done" if given else "fenced"


def simulate(deviations: tuple[tuple[int, int], ...], mutant: str | None = None) -> Sim:
    """Play one schedule and check what it did."""
    sim = Sim(deviations, mutant)
    runners = {"A": runner(sim, "A", 0), "B": runner(sim, "B", 30)}

    def advance(name: str, value: Any) -> None:
        try:
            request = runners[name].send(value)
        except StopIteration as end:
            sim.done[name] = end.value
            return
        if request[0] == "sleep":
            sim.at(sim.time + request[1], lambda: advance(name, None))
        elif request[0] == "pause":
            pause = PAUSES[sim.choose(len(PAUSES))]
            sim.at(sim.time + pause, lambda: advance(name, None))
        else:
            send(name, request)

    def send(name: str, request: Request) -> None:
        choice = sim.choose(CHOICES)
        if choice == DIE_BEFORE:
            sim.done[name] = "killed"
            return
        if choice >= GHOST and request[0] != "call":
            sim.at(sim.time + 1 + GHOSTS[choice - GHOST], lambda: sim.handle(request))
            sim.at(sim.time + 1, lambda: advance(name, "lost"))
            return

        def arrive() -> None:
            answer = sim.handle(request)
            if choice == DIE_AFTER:
                sim.done[name] = "killed"
            else:
                answer = "lost" if choice == LOST and request[0] != "call" else answer
                sim.at(sim.time + (SLOW if choice == SLOW_ANSWER else 0), lambda: advance(name, answer))

        sim.at(sim.time + 1 + (PAUSES[choice] if choice < len(PAUSES) else 0), arrive)

    sim.at(0, lambda: advance("A", None))
    sim.at(1, lambda: advance("B", None))
    steps = 0
    while sim.queue and steps < STEPS:
        time, _, act = heapq.heappop(sim.queue)
        sim.time = max(sim.time, time)
        act()
        steps += 1
    verify(sim, steps)
    return sim


def verify(sim: Sim, steps: int) -> None:
    """What must hold at the end of every schedule."""
    assert steps < STEPS, f"L-live: still spinning: {sim.done}"
    for time, epoch, harmful, signed in sim.executed:
        for taken, later in sim.acquired:
            late = later > epoch and time >= taken
            # A harmless call may come late only if it was under way for longer than an attempt may take.
            assert not (late and (harmful or time - signed <= ATTEMPT)), (
                f"L-fence: a call of epoch {epoch} was executed at {time}, epoch {later} took over at {taken}"
            )
    assert len({epoch for _, epoch in sim.acquired}) == len(sim.acquired), "L-epoch: two runners in one epoch"
    root = sim.store.root
    blob = sim.store.blobs.get(root.snapshot, ()) if root.snapshot else ()
    lost = [line for line in sim.kept if line not in root.lines and line not in blob]
    assert not lost, f"L-lost: lines that were acknowledged are gone: {lost}"
    killed = [name for name, how in sim.done.items() if how == "killed"]
    for name in "AB":
        assert name in sim.done, f"L-live: {name} never finished"
    slow = {*range(1, len(PAUSES)), SLOW_ANSWER, GHOST + 1}
    if not killed and not slow & set(sim.deviations.values()):
        assert all(how == "done" for how in sim.done.values()), f"L-self: a runner fenced itself: {sim.done}"


def schedules(depth: int, mutant: str | None = None) -> Iterator[tuple[tuple[int, int], ...]]:
    """All schedules with at most `depth` deviations, each after those it extends."""
    level: list[tuple[tuple[int, int], ...]] = [()]
    for at_depth in range(depth + 1):
        following = []
        for deviations in level:
            yield deviations
            if at_depth == depth:
                continue
            try:
                options = simulate(deviations, mutant).options
            except AssertionError:
                continue
            first = deviations[-1][0] + 1 if deviations else 0
            for at in range(first, min(len(options), 70)):
                following.extend(deviations + ((at, choice),) for choice in range(1, options[at]))
        level = following


def explore(depth: int, mutant: str | None = None) -> tuple[int, str | None]:
    """How many schedules were played, and what was found."""
    count = 0
    for deviations in schedules(depth, mutant):
        count += 1
        try:
            simulate(deviations, mutant)
        except AssertionError as error:
            return count, f"{error}  {deviations}"
    return count, None


def sample(count: int, depth: int, seed: int = 1) -> str | None:
    """Random schedules: deeper than can be explored in a short time."""
    chance = random.Random(seed)
    points = len(simulate(()).options)
    for _ in range(count):
        places = sorted(chance.sample(range(points + 20), depth))
        deviations = tuple((at, chance.randrange(1, CHOICES)) for at in places)
        try:
            simulate(deviations)
        except AssertionError as error:
            return f"{error}  {deviations}"
    return None


def main(arguments: list[str]) -> int:
    """The command line."""
    numbers = [int(argument) for argument in arguments if argument.isdigit()]
    if "--mutants" in arguments:
        survived = 0
        for mutant, rule in MUTANTS.items():
            count, found = explore(2, mutant)
            survived += found is None
            sys.stdout.write(f"{mutant:18} {rule}\n    {found or f'SURVIVED {count} schedules'}\n")
        return int(survived > 0)
    if "--sample" in arguments:
        found = sample(numbers[0], (numbers + [4])[1])
        sys.stdout.write(f"{numbers[0]} schedules: {found or 'all hold'}\n")
        return int(found is not None)
    depth = (numbers + [2])[0]
    count, found = explore(depth)
    sys.stdout.write(f"depth {depth}: {count} schedules: {found or 'all hold'}\n")
    return int(found is not None)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
