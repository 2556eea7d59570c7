"""Chatbot (Amazon Q Developer in chat applications), which moto lacks: channels are kept; nothing is posted to them."""


def install() -> None:
    from cookiecutter_mlops.localaws.chatbot.responses import ChatbotResponse
    from cookiecutter_mlops.localaws.extension import register_service

    register_service("chatbot", ChatbotResponse)
