"""One complaint."""


class Wrong(str):
    """What is wrong, and with whose booking: None when it is nobody's alone."""

    booking_id = None


def about(booking_id, text):
    wrong = Wrong(text)
    wrong.booking_id = booking_id
    return wrong
