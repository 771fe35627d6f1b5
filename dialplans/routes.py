"""Which plan answers: that of the dialled user's name, else the default."""

from __future__ import annotations

from pathlib import Path

from dialplans.plan import Plan, load_plan
from dialplans.yaml_source import Problem, SourceError

SHIPPED = Path(__file__).parent
SUFFIXES = (".yaml", ".yml")


class NoSuchPlan(LookupError):
    """There is no plan of this name."""


class Routes:
    """Every plan that may answer, loaded and checked at once.

    `default` is a plan's name or the path of its file. Of plans with the same name the default's file comes
    first, then the one in `folder`, then the shipped one. Raises SourceError with all that is wrong in any of
    them, NoSuchPlan never: a default that doesn't exist is a SourceError too.
    """

    def __init__(self, default: str, folder: Path | None = None) -> None:
        problems: list[Problem] = []
        self._plans = _load_folder(SHIPPED, problems)
        if folder is not None:
            if folder.is_dir():
                self._plans |= _load_folder(folder, problems)
            else:
                problems.append(Problem(str(folder), None, "no such folder of plans"))
        self._default = self._load_default(default, problems)
        if self._default is not None:
            self._plans[self._default.name] = self._default
        if problems:
            raise SourceError(problems)

    def find(self, dialled: str) -> tuple[str, Plan]:
        """The plan for a call to the user `dialled`, with its name. Raises NoSuchPlan without a default."""
        plan = self._plans.get(dialled) or self._plans.get(dialled.lower()) or self._default
        if plan is None:
            raise NoSuchPlan(dialled)
        return plan.name, plan

    def all(self) -> list[Plan]:
        """Every plan that may answer."""
        return list(self._plans.values())

    @property
    def names(self) -> list[str]:
        """The names that may be dialled."""
        return list(self._plans)

    def _load_default(self, default: str, problems: list[Problem]) -> Plan | None:
        if default.endswith(SUFFIXES) or "/" in default:
            try:
                return load_plan(Path(default))
            except SourceError as error:
                problems += error.problems
                return None
        if default and default not in self._plans and not problems:
            known = ", ".join(sorted(self._plans))
            problems.append(Problem(default, None, f"no such plan; there are {known}"))
        return self._plans.get(default)


def _load_folder(folder: Path, problems: list[Problem]) -> dict[str, Plan]:
    plans: dict[str, Plan] = {}
    for path in sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES):
        try:
            plan = load_plan(path)
        except SourceError as error:
            problems += error.problems
            continue
        if plan.name in plans:
            problems.append(Problem(str(path), None, f'a second plan with the name "{plan.name}"'))
        plans[plan.name] = plan
    return plans
