"""Which server answers a request: during an update, a share of the requests goes to the new fleet."""

import math
import threading

from cookiecutter_mlops.localaws.sagemaker.servers import Server
from cookiecutter_mlops.localaws.sagemaker.serving import Fleet


class Router:
    """The traffic of one endpoint between the fleet in service and the one that an update brings up."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet, self.next, self.share = fleet, fleet, 0.0
        self._sent, self._moving = 0, threading.Lock()

    def shift(self, fleet: Fleet, share: float) -> None:
        """Send this share of the requests, from 0 to 1, to a new fleet."""
        with self._moving:
            self.next, self.share, self._sent = fleet, share, 0

    def commit(self, fleet: Fleet) -> Fleet:
        """Send every request to this fleet from now on and return the one that served before."""
        with self._moving:
            before, self.fleet, self.next, self.share = self.fleet, fleet, fleet, 0.0
        return before

    def choose(self, weights: dict[str, float], variant: str | None = None) -> tuple[Fleet, Server | None]:
        """Return the fleet and its server for one request; the share is kept by counting, so it is never exceeded."""
        with self._moving:
            self._sent += 1
            is_next = math.floor(self._sent * self.share) > math.floor((self._sent - 1) * self.share)
            fleet = self.next if is_next else self.fleet
        return fleet, fleet.choose(weights, variant)

    def serves(self, fleet: Fleet) -> bool:
        return fleet in (self.fleet, self.next)

    def stop(self) -> None:
        self.fleet.stop()
        if self.next is not self.fleet:
            self.next.stop()
