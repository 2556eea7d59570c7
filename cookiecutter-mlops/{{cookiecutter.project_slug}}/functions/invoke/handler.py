"""Hands a request to the model's endpoint and gives back its answer as JSON.

Called directly, the event is the request ({"instances": [...]}) and the result is the answer; called by an API gateway
or a function URL, both travel inside HTTP envelopes. A request that fails gets {"error": one sentence, "status": code}.
An asynchronous endpoint answers 202 with the place in S3 where the result will appear.

Every answer has an "inference_id", to which ground truth refers later; a request may bring its own. SageMaker captures
requests of real-time endpoints by itself; those of the other kinds are captured here (capture.py).
"""

import base64
import json
import logging
import os
import re
import uuid
from functools import cache

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError

from . import capture, shape

log = logging.getLogger()
EXAMPLE = '{"instances": [{"field": "value"}]}'
ID = re.compile(r"[!-~]{1,64}")
NO_MODEL = ("ValidationError", "ValidationException")


class RequestError(Exception):
    """The request has no answer: an HTTP status and the sentence that says why."""

    def __init__(self, status: int, sentence: str):
        super().__init__(sentence)
        self.status = status


def handler(event, context):
    """What Lambda calls; S3 tells of an asynchronous answer that is to be captured."""
    if isinstance(event, dict) and event.get("source") == "aws.s3":
        return capture.complete(client, event["detail"]["bucket"]["name"], event["detail"]["object"]["key"])
    try:
        status, answer = answer_to(event)
    except RequestError as error:
        status, answer = error.status, {"error": str(error), "status": error.status}
    if not is_http(event):
        return answer
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(answer)}


def answer_to(event):
    """The status and the answer of an event: the endpoint's own, or where an asynchronous one will write it."""
    request = request_of(event)
    key = inference_id(request)
    try:
        body = json.dumps(shape.to_endpoint(request))
    except ValueError as problem:
        raise RequestError(422, str(problem)) from None
    later = os.environ["ENDPOINT_KIND"] == "asynchronous"
    answer = submit(body, key) if later else ask(body, key)
    if later:
        capture.expect(client, key, body, answer["output_location"])
    else:
        capture.record(client, key, body, json.dumps(answer))
        answer = shape.to_caller(request, shape.from_endpoint(answer))
    if isinstance(answer, dict):
        answer["inference_id"] = key
    return 202 if later else 200, answer


def inference_id(request):
    """The caller's own id, taken out of the request, or a new one; SageMaker takes 64 visible ASCII characters."""
    key = request.pop("inference_id", None) or str(uuid.uuid4())
    if not isinstance(key, str) or not ID.fullmatch(key):
        raise RequestError(400, "inference_id must have 1 to 64 visible ASCII characters, for example order-4711.")
    return key


def request_of(event):
    """The request, once it is known to be an object that is not empty."""
    request = event
    if is_http(event):
        text = event.get("body") or ""
        try:
            request = json.loads(base64.b64decode(text) if event.get("isBase64Encoded") else text)
        except (ValueError, TypeError, RecursionError):  # no base64, no text, nested too deeply
            raise RequestError(400, f"The body is not JSON; send for example {EXAMPLE}.") from None
    if not isinstance(request, dict) or not request:
        raise RequestError(400, f"The request must be a JSON object that is not empty, for example {EXAMPLE}.")
    return dict(request)


def is_http(event):
    """Whether API Gateway sent the event."""
    return isinstance(event, dict) and "requestContext" in event


def ask(body, key):
    """The endpoint's answer."""
    answer = call("invoke_endpoint", Body=body, InferenceId=key)
    return json.loads(answer["Body"].read())


def submit(body, key):
    """Leave the request in S3, where an asynchronous endpoint takes it from, and say where the result will be."""
    bucket, _, prefix = os.environ["INPUT_S3_URI"].removeprefix("s3://").partition("/")
    name = f"{prefix.rstrip('/')}/{uuid.uuid4()}.json"
    client("s3").put_object(Bucket=bucket, Key=name, Body=body.encode(), ContentType="application/json")
    answer = call("invoke_endpoint_async", InputLocation=f"s3://{bucket}/{name}", InferenceId=key)
    return {"output_location": answer["OutputLocation"], "failure_location": answer.get("FailureLocation")}


def call(operation, **request):
    """Call the endpoint; what it refuses becomes a status and a sentence for the caller."""
    try:
        invoke = getattr(client("sagemaker-runtime"), operation)
        return invoke(EndpointName=os.environ["ENDPOINT_NAME"], ContentType="application/json", **request)
    except ClientError as error:
        raise mapped(error.response) from None
    except BotoCoreError as error:
        log.error("%s: %s", operation, error)
        raise RequestError(504, "The model did not answer in time; try again.") from None


def mapped(response):
    """The caller learns what was wrong with its request, never what is wrong inside."""
    code, status = response["Error"]["Code"], response.get("OriginalStatusCode", 0)
    if code == "ModelError" and 400 <= status < 500:
        return RequestError(status, model_message(response))
    log.error("%s", json.dumps(response, default=str))
    if code == "ModelError":
        return RequestError(502, "The model failed on this request; its log says why.")
    if code in NO_MODEL:
        return RequestError(503, "No model is live yet; release one first.")
    return RequestError(503, "The model is not available now; try again.")


def model_message(response):
    """The sentence inside the model's own answer."""
    message = response.get("OriginalMessage") or response["Error"]["Message"]
    try:
        error = json.loads(message)["error"]
        return str(error["message"] if isinstance(error, dict) else error)  # vLLM tells more than a sentence
    except (ValueError, KeyError, TypeError):
        return message


@cache
def client(service):
    """One client for every request that this instance of the function answers."""
    made = boto3.client(service, config=Config(connect_timeout=3, read_timeout=60, retries={"max_attempts": 2}))
    made.meta.events.register_first("needs-retry.sagemaker-runtime", not_twice)
    return made


def not_twice(caught_exception=None, **_):
    """What did not answer in time is at work still: asked again, it would work twice. Anything else is tried again."""
    if isinstance(caught_exception, ReadTimeoutError):
        raise caught_exception
