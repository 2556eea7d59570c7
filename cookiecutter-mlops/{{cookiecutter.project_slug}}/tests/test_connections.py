"""What leaves over a connection, and when."""

import asyncio

import pytest

from inference.connections import Together


class Wire:
    """A transport that keeps what is sent over it."""

    def __init__(self):
        self.sent, self.closed = [], False

    def write(self, data):
        self.sent.append(data)

    def is_closing(self):
        return self.closed

    def close(self):
        self.closed = True


async def _over(wire, end):
    together = Together(wire)
    together.write(b"head ")
    together.write(b"body")
    before = list(wire.sent)
    end(together)
    await asyncio.sleep(0)
    return before, wire.sent


@pytest.mark.parametrize("end", [lambda together: None, Together.close])
def test_answer_leaves_in_one_packet_and_before_a_close(end):
    assert asyncio.run(_over(Wire(), end)) == ([], [b"head body"])


def test_answer_to_a_client_that_went_away_is_not_sent():
    wire = Wire()
    assert asyncio.run(_over(wire, lambda together: wire.close())) == ([], [])
