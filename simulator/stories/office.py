"""A region's office: its operators, the second person among them, and what they do at the counter."""

import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeVar

import msgspec

from simulator.calls import ApiRefusal, Calls
from simulator.stories.crew import Credentials
from simulator.stories.stage import Stage, StoryFailedError
from yikatong.client.answers import Pending, Session
from yikatong.client.approvals import Approved
from yikatong.client.people import NewAccount

Shape = TypeVar("Shape")


class Operator(msgspec.Struct, frozen=True, kw_only=True):
    """An operator who has signed in."""

    name: str
    calls: Calls
    token: str
    own: Credentials

    def __repr__(self) -> str:
        return f"Operator(name={self.name!r})"


class Post(NamedTuple):
    """A post of an office: the job, who has it, in which roles."""

    job: str
    name: str
    roles: tuple[str, ...]


class Office:
    """The operators of one region; `open_for_the_day` makes them, side by side, since passwords are slow to hash."""

    second: Operator
    counter: Operator
    welfare: Operator

    def __init__(self, stage: Stage, *, region: str) -> None:
        """The steward, with whom the region began, signs in."""
        self._stage = stage
        self.region = region
        first = stage.first_operators.get(region)
        if first is None:
            raise StoryFailedError(f"region {region} has no operator to begin with")
        self.steward = self._sign_in("steward", first)

    def open_for_the_day(self, *, second: str, counter: str, welfare: str) -> None:
        """Have a second person, a counter and a welfare operator there, each with no more rights than they need."""
        self.steward.calls.call(
            "PUT",
            "/v1/roles/welfare",
            msgspec.Raw,
            {
                "label_zh": "待遇发放",
                "label_en": "Grants benefits",
                "permissions": ["access.minors", "ledger.grant", "ledger.read"],
            },
        )
        hired = self.hire(
            Post("second", second, ("access_keeper", "approver", "settler")),
            Post("counter", counter, ("counter",)),
            Post("welfare", welfare, ("welfare",)),
        )
        self.second, self.counter, self.welfare = (hired[job] for job in ("second", "counter", "welfare"))

    def hire(self, *posts: Post) -> dict[str, Operator]:
        """Have somebody at each post, side by side; gives them by their jobs."""
        with ThreadPoolExecutor(max_workers=3) as hands:
            hired = {post.job: hands.submit(self._hire, post.name, post.job, roles=post.roles) for post in posts}
        return {job: each.result() for job, each in hired.items()}

    def anew(self, who: Operator, *, kind: str = "operator") -> Operator:
        """Somebody signs in once more under their own name and password: a session does not last for days."""
        return self._sign_in(who.name, who.own, kind=kind)

    def hire_staff(self, *, provider: str, name: str, permission: str) -> Operator:
        """Somebody who works for a provider and may do one thing."""
        login_name = f"{permission.rpartition('.')[2]}-{secrets.token_hex(3)}"
        body = {
            "provider_id": provider,
            "login_name": login_name,
            "display_name": name,
            "permissions": [permission],
        }
        made = self.second.calls.post("/v1/staff", NewAccount, body)
        own = Credentials(login_name=login_name, password=secrets.token_urlsafe(15))
        return self._sign_in(name, own, first_password=made.first_password, kind="staff")

    def approved(self, asker: Operator, path: str, shape: type[Shape], body: Any = None) -> Shape:
        """Ask for what needs a second person, and have the second person approve it."""
        pending = asker.calls.post(path, Pending, body)
        done = self.second.calls.post(f"/v1/approvals/{pending.approval_id}/approve", Approved)
        return done.read(shape)

    def may_look_at_minor(self, asker: Operator, resident_id: str, *, purpose: str) -> None:
        """Let an operator look at a minor today: the operator asks, and the second person approves it."""
        self.approved(asker, "/v1/minor-looks", msgspec.Raw, {"resident_id": resident_id, "purpose": purpose})

    def _hire(self, name: str, job: str, *, roles: tuple[str, ...]) -> Operator:
        """Somebody who was hired before signs in; else somebody is hired."""
        known = self._stage.crew.find(self.region, job)
        if known is not None:
            try:
                return self._sign_in(name, known)
            except ApiRefusal as refusal:
                # Whoever suspended them since had a reason; the story goes on with somebody else.
                self._stage.expect("SIGN_IN_FAILED", refusal.reason, f"{known.login_name} signs in")
        login_name = f"{job}-{self._stage.tag}"
        made = self.steward.calls.post("/v1/operators", NewAccount, {"login_name": login_name, "display_name": name})
        for role in roles:
            self.steward.calls.post(f"/v1/operators/{made.id}/roles", msgspec.Raw, {"role": role})
        own = Credentials(login_name=login_name, password=secrets.token_urlsafe(15))
        operator = self._sign_in(name, own, first_password=made.first_password)
        self._stage.crew.remember(self.region, job, own)
        return operator

    def _sign_in(
        self, name: str, own: Credentials, *, first_password: str | None = None, kind: str = "operator"
    ) -> Operator:
        """Sign in, at the first time with a password of one's own in place of the first."""
        body = {
            "kind": kind,
            "region": self.region,
            "login_name": own.login_name,
            "password": first_password or own.password,
            "new_password": None if first_password is None else own.password,
        }
        token = self._stage.platform.post("/v1/sessions", Session, body).token
        return Operator(name=name, calls=self._stage.platform.as_caller(token), token=token, own=own)
