"""How an application's request becomes the endpoint's, and its answer the application's: as they are.

A use case may bring a file of its own, where one that is simpler to ask is worth it.
"""


def to_endpoint(request):
    """What the endpoint is asked."""
    return request


def to_caller(request, answer):
    """What who asked is told."""
    return answer
