"""How an application's request becomes the endpoint's, and its answer the application's: as they are.

A use case may bring a file of its own, where one that is simpler to ask is worth it, or where the server may be another
than this project's. The function in front of the endpoint, Verify and monitoring all translate with this file.
"""


def to_endpoint(request):
    """What the endpoint is asked."""
    return request


def from_endpoint(answer):
    """What this project's own server would have answered, whichever server did."""
    return answer


def to_caller(request, answer):
    """What who asked is told, of an answer of this project's own server."""
    return answer
