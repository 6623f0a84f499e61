"""What becomes of one envelope, without a world: the real driver, journal and delivery over mocks, in virtual time."""

from router.simulation.entries import SimulationError
from router.simulation.mocks import MockAnswer, MockOrigin
from router.simulation.run import simulate
from router.simulation.traces import Call, DeliveryTrace, Forwarded, LetterTrace, Trace

__all__ = [
    "Call",
    "DeliveryTrace",
    "Forwarded",
    "LetterTrace",
    "MockAnswer",
    "MockOrigin",
    "SimulationError",
    "Trace",
    "simulate",
]
