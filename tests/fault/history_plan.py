"""What a seed means: people, lessons that they want, who does what in which order, and what goes wrong. Nothing runs here."""

import random
from dataclasses import dataclass, field

OPS_MIN, OPS_MAX = 20, 200
SLOTS_APART_H = 2

# How a lesson may go. Each word is a method of history.Caller.
STORIES = (
    ("book", "pay", "confirm", "list"),
    ("book", "pay", "confirm", "cancel", "cancel", "list"),
    ("book", "pay", "list", "teacher_cancels", "confirm"),
    ("book", "pay", "confirm", "admin_cancels", "show"),
    ("book", "pay", "hold_ends", "show", "cancel"),
    ("book", "pay", "cancel", "cancel_payment"),
    ("book", "pay", "cancel_payment", "confirm"),
    ("book", "cancel_payment", "cancel_payment", "list"),
    ("book", "cancel_payment", "pay", "confirm", "cancel_payment"),
    ("book", "hold_ends", "list"),
    ("book", "hold_ends", "pay", "confirm", "show"),
    ("book", "cancel", "pay", "confirm", "list"),
    ("book", "pay", "pay_again", "confirm", "cancel"),
    ("book", "pay_again", "pay", "confirm", "list"),
    ("book", "book", "pay", "confirm"),
    ("book", "pay_less", "confirm", "cancel_payment"),
    ("book", "pay_later", "confirm", "cancel_payment", "money_comes", "confirm"),
    ("book", "pay_later", "hold_ends", "money_fails", "list"),
)
NOISE = ("list", "list_of_teacher", "show", "strangers_cancel", "bad_book", "bad_cancel", "bad_checkout", "bad_token")
# What goes wrong around one lesson of this history, and around everybody who shares the stack with it.
OWN_FAULTS = ("stripe_checkout", "stripe_create", "stripe_refund", "mail", "event_again", "event_of_last_week")
SHARED_FAULTS = (
    "kill", "kill", "stop_and_start", "freeze", "second_worker", "cut_database", "stall_database", "redis", "stripe_gone",
    "webhooks", "webhooks", "broker", "broker",
)  # fmt: skip


@dataclass
class Op:
    what: str
    lesson: int
    pause_s: float
    draw: int  # the variation


@dataclass
class Lesson:
    parent: int
    teacher: int
    starts_in_h: int
    story: tuple


@dataclass
class Plan:
    seed: int
    parents: int
    teachers: int
    lessons: list = field(default_factory=list)
    callers: list = field(default_factory=list)  # the Ops of each, in order
    shared_faults: list = field(default_factory=list)  # (when, name, variation)

    @property
    def ops(self):
        return sum(len(ops) for ops in self.callers)


def plan(seed):
    """The same plan for the same seed, for ever (as long as this file stays)."""
    r = random.Random(seed)
    made = Plan(seed, parents=2 + int(25 * r.random() ** 2), teachers=r.randint(2, 3))
    wanted = OPS_MIN + int((OPS_MAX - OPS_MIN) * r.random() ** 5)
    made.callers = [[] for _ in range(r.randint(2, 4))]
    tracks = [[] for _ in made.callers]
    while sum(len(track) for queue in tracks for track in queue) < wanted:
        lesson = _lesson(r, made)
        steps = list(lesson.story)
        for _ in range(int(r.random() * 2)):
            steps.insert(r.randint(1, len(steps)), r.choice(NOISE))
        made.lessons.append(lesson)
        number = len(made.lessons) - 1
        ops = [Op(what, number, r.random() ** 2 * 0.2, r.randrange(1 << 16)) for what in steps]
        first, second = r.sample(range(len(tracks)), 2)
        tracks[first].append(ops)
        if r.random() < 0.35:  # the rest of the story a second time, at the same time
            tracks[second].append([Op(op.what, number, 0.0, op.draw) for op in ops[1:]])
    made.callers = [_merged(r, queue)[:OPS_MAX] for queue in tracks]
    _faults(r, made)
    return made


def _lesson(r, made):
    story = r.choice(STORIES)
    if made.lessons and r.random() < 0.15:  # a rival: the same teacher at the same time
        other = r.choice(made.lessons)
        return Lesson(r.randrange(made.parents), other.teacher, other.starts_in_h, story)
    starts_in_h = r.choice((5, 9, 13)) if r.random() < 0.1 else 30 + SLOTS_APART_H * len(made.lessons)
    return Lesson(r.randrange(made.parents), r.randrange(made.teachers), starts_in_h, story)


def _merged(r, queue):
    """One caller lives several stories at a time, each in its order."""
    left, ops = [list(track) for track in queue], []
    while left:
        track = r.choice(left[:3])
        ops.append(track.pop(0))
        left = [t for t in left if t]
    return ops


def _faults(r, made):
    """3 to 10, some of them shared."""
    for _ in range(r.randint(3, 10)):
        if r.random() < 0.12:
            made.shared_faults.append((r.random(), r.choice(SHARED_FAULTS), r.randrange(1 << 16)))
            continue
        ops = r.choice([ops for ops in made.callers if ops])
        place = r.randint(0, len(ops))
        lesson = ops[min(place, len(ops) - 1)].lesson
        ops.insert(place, Op(r.choice(OWN_FAULTS), lesson, 0.0, r.randrange(1 << 16)))
