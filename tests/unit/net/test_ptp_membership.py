"""When PTP's groups are joined again: a link moved by hand, seconds by hand."""

from __future__ import annotations

from aes67_sender.net.ptp.membership import Link, Membership
from aes67_sender.units import NS_PER_S

UP = Link(2, running=True)
DOWN = Link(2, running=False)


class World:
    """An interface, and what was joined when."""

    def __init__(self) -> None:
        self.link: Link | None = UP
        self.works = True
        self.looks = 0
        self.joined: list[tuple[int, int]] = []
        self.now_s = 0
        self.membership = Membership(self.look, self.join, 0)

    def look(self) -> Link | None:
        self.looks += 1
        return self.link

    def join(self, link: Link) -> bool:
        self.joined.append((self.now_s, link.index))
        return self.works

    def run(self, seconds: int, *, heard: bool = False) -> None:
        for _ in range(seconds):
            self.now_s += 1
            if heard:
                self.membership.heard(self.now_s * NS_PER_S)
            self.membership.keep(self.now_s * NS_PER_S)


def test_while_messages_come_nobody_looks() -> None:
    world = World()
    world.run(1000, heard=True)
    assert world.joined == []
    assert world.looks == 1


def test_a_link_that_comes_back_is_joined_at_once() -> None:
    world = World()
    world.run(2, heard=True)
    world.link = DOWN
    world.run(3)
    assert world.joined == []
    world.link = UP
    world.run(1)
    assert world.joined == [(6, 2)]


def test_an_interface_with_a_new_number_is_joined_by_it() -> None:
    world = World()
    world.link = None
    world.run(3)
    world.link = Link(9, running=True)
    world.run(1)
    assert world.joined == [(4, 9)]


def test_joining_is_tried_again_every_second_until_it_works() -> None:
    world = World()
    world.link, world.works = None, False
    world.run(1)
    world.link = UP
    world.run(3)
    world.works = True
    world.run(2)
    assert world.joined == [(2, 2), (3, 2), (4, 2), (5, 2)]


def test_silence_makes_it_join_again_ever_more_seldom() -> None:
    world = World()
    world.run(200)
    assert [at for at, _ in world.joined] == [5, 15, 35, 75, 135, 195]


def test_a_message_restores_the_patience() -> None:
    world = World()
    world.run(40)
    world.run(1, heard=True)
    already = len(world.joined)
    world.run(5)
    assert len(world.joined) == already + 1
