"""The requests of Chatbot."""

from moto.core.responses import BaseResponse

from cookiecutter_mlops.localaws.chatbot.models import ChatbotBackend, chatbot_backends
from cookiecutter_mlops.localaws.crud import answer_with


class ChatbotResponse(BaseResponse):
    def __init__(self) -> None:
        super().__init__(service_name="chatbot")
        self.automated_parameter_parsing = True

    @property
    def backend(self) -> ChatbotBackend:
        return chatbot_backends[self.current_account][self.partition]


answer_with(ChatbotResponse, ChatbotBackend)
