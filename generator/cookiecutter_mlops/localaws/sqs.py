"""SQS: the redrive policy as compact JSON, as AWS answers it; the spaces of moto's read as a change to Terraform."""

import json
from typing import Any

from moto.sqs.models import Queue


def install() -> None:
    moto_attributes = Queue.attributes.fget  # type: ignore[attr-defined]

    def attributes(queue: Any) -> dict[str, Any]:
        result = moto_attributes(queue)
        if redrive := result.get("RedrivePolicy"):
            result["RedrivePolicy"] = json.dumps(json.loads(redrive), separators=(",", ":"))
        return result

    Queue.attributes = property(attributes)  # type: ignore[method-assign,assignment]
