"""Endpoints after the embedded AWS was down: their servers start again, and a change that was under way is undone."""

import threading
from typing import Any

from cookiecutter_mlops.localaws.crud import Document
from cookiecutter_mlops.localaws.sagemaker.kinds import ENDPOINT
from cookiecutter_mlops.localaws.sagemaker.rollout import set_status
from cookiecutter_mlops.localaws.sagemaker.routing import Router

_LOST = "InternalServerError: The embedded AWS was stopped while the endpoint was changed. Please try again."


def endpoints(backend: Any) -> None:
    """Bring every endpoint of a backend back, each in a thread of its own; requests to it wait meanwhile."""
    for document in backend.documents.of(ENDPOINT).values():
        router = backend.routers.get(document["EndpointName"])
        if router:
            threading.Thread(target=_serve, args=(backend, document, router), daemon=True).start()
        elif document["EndpointStatus"] != "Failed":
            set_status(backend, document, "Failed", FailureReason=_LOST)


def _serve(backend: Any, document: Document, router: Router) -> None:
    is_changing = document["EndpointStatus"] != "InService"
    if is_changing:
        set_status(backend, document, "RollingBack", FailureReason=_LOST)
    router.commit(router.fleet)
    try:
        router.fleet.start_again()
    except Exception as error:  # its image or model was deleted meanwhile
        set_status(backend, document, "Failed", FailureReason=f"The endpoint did not come back: {error}")
        return
    if is_changing:
        set_status(backend, document, "InService")
    if backlog := backend.backlogs.get(document["EndpointName"]):
        backlog.turn()
