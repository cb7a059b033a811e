"""The forms: what each field is called, what it explains, and what it asks for."""

from __future__ import annotations

from typing import Final

from flask_wtf import FlaskForm
from wtforms import HiddenField, IntegerField, PasswordField, RadioField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional, Regexp, ValidationError
from wtforms.widgets import HiddenInput

__all__ = ["CodeForm", "DecisionForm", "ProofForm", "SignInForm", "SwitchForm", "TokenForm"]

_LONGEST_REASON: Final = 4000


def _stripped(value: str | None) -> str | None:
    return value.strip() if value else value


def _digits(value: str | None) -> str | None:
    return "".join(value.split()) if value else value


class SignInForm(FlaskForm):  # type: ignore[misc] # Flask-WTF ships no types
    """Name and password."""

    username = StringField(
        "Username or email address", filters=[_stripped], validators=[DataRequired("Enter your username.")]
    )
    password = PasswordField("Password", validators=[InputRequired("Enter your password.")])
    next = HiddenField()


class CodeForm(FlaskForm):  # type: ignore[misc] # Flask-WTF ships no types
    """The second factor."""

    code = StringField(
        "Code",
        filters=[_digits],
        validators=[
            DataRequired("Enter the code that your authenticator shows."),
            Regexp(r"^[0-9]{6}$", message="The code is six digits."),
        ],
    )
    next = HiddenField()


class ProofForm(FlaskForm):  # type: ignore[misc] # Flask-WTF ships no types
    """The password once more, and the second factor where there is one."""

    password = PasswordField("Password", validators=[InputRequired("Enter your password.")])
    code = StringField(
        "Code",
        filters=[_digits],
        validators=[Optional(), Regexp(r"^[0-9]{6}$", message="The code is six digits.")],
    )
    next = HiddenField()


class TokenForm(FlaskForm):  # type: ignore[misc] # Flask-WTF ships no types
    """A new API token."""

    label = StringField(
        "Name", filters=[_stripped], validators=[DataRequired("Give the token a name."), Length(max=100)]
    )
    scope = RadioField("What it may do", choices=["upload", "read"], default="upload", validate_choice=True)
    project = StringField(
        "Project",
        filters=[_stripped],
        validators=[
            Optional(),
            Length(max=200),
            Regexp(r"(?i)^[A-Z0-9]([A-Z0-9._-]*[A-Z0-9])?$", message="This is no name that a project can have."),
        ],
    )
    days = IntegerField("Days", validators=[Optional(), NumberRange(1, 3650, "Between 1 and 3,650 days.")])

    def validate_project(self, field: StringField) -> None:
        """A token that only reads is bound to no project.

        Raises:
            ValidationError: this one would be.
        """
        if field.data and self.scope.data == "read":
            raise ValidationError("A token that only reads reads everything: leave the project empty.")


class DecisionForm(FlaskForm):  # type: ignore[misc] # Flask-WTF ships no types
    """What an analyst decides, on what was on the screen."""

    decision = RadioField("Decision", choices=[], validators=[InputRequired("Choose what you decide.")])
    reason = TextAreaField(
        "Reason",
        filters=[_stripped],
        validators=[
            DataRequired("Write a reason. The maintainers read it."),
            Length(max=_LONGEST_REASON, message=f"Write at most {_LONGEST_REASON:,} characters."),
        ],
    )
    revision = IntegerField(widget=HiddenInput(), validators=[InputRequired()])
    verdict_id = HiddenField()


class SwitchForm(FlaskForm):  # type: ignore[misc] # Flask-WTF ships no types
    """Hold everything, or let clear releases go out again."""

    reason = StringField(
        "Reason",
        filters=[_stripped],
        validators=[DataRequired("Write a reason. It goes into the log."), Length(max=200)],
    )
