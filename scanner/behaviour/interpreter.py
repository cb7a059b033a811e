"""The walk of one module: statements in order, functions where they are called, with abstract values.

The interpreter holds the state and the dispatch; what each kind of expression, statement and call means stands in
`expressions`, `statements` and `calls`. It never runs code of the artifact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scanner.behaviour.budget import Budget, WorkExhausted
from scanner.behaviour.events import Blob, Event, ModuleReport, spoken
from scanner.behaviour.scopes import ClassInfo, FunctionInfo, Instance, Scope
from scanner.behaviour.sources import of_parameter
from scanner.behaviour.values import UNKNOWN, Value, join

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["Interpreter"]

#: How deep calls of the module's own functions are followed.
_MAX_CALLS: Final = 24
#: How often a function that decodes texts is walked anew, and how many visits any function may cost in all.
_MAX_DECODINGS: Final = 4_000
_MAX_SPENT: Final = 60_000
_MAX_EVENTS: Final = 5_000
_MAX_BLOBS: Final = 256
_MAX_CALLED: Final = 2_000


class Interpreter:
    """One walk over one module."""

    def __init__(
        self,
        expressions: Mapping[type[ast.AST], Callable[..., Value]],
        statements: Mapping[type[ast.AST], Callable[..., None]],
    ) -> None:
        self.budget = Budget()
        self.report = ModuleReport()
        self.module = Scope("module")
        self.report.globals = self.module.names
        self.current: FunctionInfo | None = None
        self.guarded = False
        self.muted = 0
        self.unused: ast.AST | None = None
        """The call whose result nothing is done with."""
        self.line: int | None = None
        """The line that everything is said to stand on, while a text is executed that stands on that line."""
        self.attributes: dict[str, Value] = {}
        self.marked = self.report.marked
        self.stars: list[str] = []
        self.aliases: Mapping[str, str] = {}
        """What names of other modules of the artifact are, where those have it from elsewhere."""
        self.functions = self.report.functions
        self.texts_run: set[str] = set()
        self._expressions = expressions
        self._statements = statements
        self._calls = 0
        self._places: dict[tuple[str, int, int, str], Event] = {}
        self._blobs: set[bytes] = set()

    def run(self, tree: ast.Module) -> ModuleReport:
        """Walks the module and then every function that nothing has called, and gives what was seen."""
        try:
            self.execute(tree.body, self.module)
            position = 0
            while position < len(self.functions):  # functions may define more functions
                info = self.functions[position]
                position += 1
                if not info.evaluations:
                    self._walk_uncalled(info)
        except WorkExhausted as exhausted:
            self.report.incomplete = str(exhausted)
        self.report.at_import = self._running()
        return self.report

    def evaluate(self, node: ast.expr, scope: Scope) -> Value:
        """What is known of an expression's value; its effects are noted."""
        budget = self.budget
        budget.visits -= 1
        if budget.visits < 0:
            budget.visit()
        return self._expressions[type(node)](self, node, scope)

    def execute(self, body: Sequence[ast.stmt], scope: Scope) -> None:
        """Walks statements in order."""
        budget, statements = self.budget, self._statements
        for statement in body:
            budget.visits -= 1
            if budget.visits < 0:
                budget.visit()
            handler = statements.get(type(statement))
            if handler is None:
                continue
            try:
                handler(self, statement, scope)
            except RecursionError:
                self.report.incomplete = self.report.incomplete or f"nested too deep at line {statement.lineno}"

    def emit(self, what: str, callee: str, node: ast.AST, arguments: Sequence[Value] = ()) -> None:
        """Notes that `node` has an effect. A place that is reached again adds what reaches it."""
        if self.muted or len(self._places) >= _MAX_EVENTS:
            return
        line: int = self.line or int(getattr(node, "lineno", 0))
        column: int = getattr(node, "col_offset", 0) + 1
        value = join(arguments)
        place = (what, line, column, callee)
        known = self._places.get(place)
        if known is None:
            event = Event(
                what,
                callee,
                line,
                column,
                tuple(arguments),
                value,
                spoken(arguments),
                self.current,
                self.guarded,
                node is self.unused,
            )
            self._places[place] = event
            self.report.events.append(event)
            return
        if value.taint & ~known.value.taint:
            known.value = Value(taint=value.taint | known.value.taint, trail=value.trail or known.value.trail)
            known.arguments = tuple(arguments)
        text = spoken(arguments)
        if text not in known.text and len(known.text) < 20_000:  # noqa: PLR2004 # a bound against repetition only
            known.text = f"{known.text}\n{text}"

    def calls_out(self, ref: str) -> None:
        """Notes that something outside of the module is called, which may be another module of the artifact."""
        if self.guarded and self.current is None:
            return
        if ref in self.report.calls or len(self.report.calls) < _MAX_CALLED:
            self.report.calls.setdefault(ref, set()).add(self.current)

    def blob(self, data: bytes | str, steps: tuple[str, ...], node: ast.AST, *, executed: bool = False) -> None:
        """Notes what was decoded, for the other analysers to look at."""
        raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
        if self.muted or len(raw) < 16 or raw in self._blobs or len(self._blobs) >= _MAX_BLOBS:  # noqa: PLR2004 # nothing fits in less
            return
        self._blobs.add(raw)
        line: int = self.line or int(getattr(node, "lineno", 0))
        self.report.blobs.append(Blob(raw, steps, line, executed=executed))

    def call_function(
        self, info: FunctionInfo, arguments: Sequence[Value], keywords: Mapping[str, Value], bound: Value | None = None
    ) -> Value:
        """What a call of the module's own function gives; its body is walked with these arguments if that may tell."""
        if not self.guarded or self.current is not None:
            info.called_from.add(self.current)
        if info.active or self._calls >= _MAX_CALLS:
            return join([*arguments, info.result])
        if info.evaluations and not (_telling(arguments, keywords) and self._worth(info, arguments, keywords)):
            return self._passed(info, arguments)
        return self._walk(info, arguments, keywords, bound)

    def _worth(self, info: FunctionInfo, arguments: Sequence[Value], keywords: Mapping[str, Value]) -> bool:
        """Whether walking the function once more may tell something new."""
        if info.spent > _MAX_SPENT:
            return False
        if info.productive:
            return info.evaluations < _MAX_DECODINGS
        stained = any(v.taint or v.target for v in arguments) or any(v.taint or v.target for v in keywords.values())
        return info.evaluations < (6 if stained or info.eventful else 2)

    @staticmethod
    def _passed(info: FunctionInfo, arguments: Sequence[Value]) -> Value:
        if info.result is UNKNOWN:
            return join(arguments)
        stained = [v for v in arguments if v.taint & ~info.result.taint]
        return join([info.result, *stained]) if stained else info.result

    def _walk(
        self, info: FunctionInfo, arguments: Sequence[Value], keywords: Mapping[str, Value], bound: Value | None
    ) -> Value:
        scope = Scope("function", info.scope, info, names=dict(info.defaults))
        self._bind_parameters(info, scope, arguments, keywords, bound)
        caller, self.current = self.current, info
        guarded, self.guarded = self.guarded, False
        info.active = True
        info.evaluations += 1
        self._calls += 1
        before, visits = len(self.report.events), self.budget.visits
        try:
            result = self._body(info, scope)
        finally:
            self._calls -= 1
            info.active = False
            info.spent += visits - self.budget.visits
            self.current = caller
            self.guarded = guarded
        info.eventful = info.eventful or len(self.report.events) > before
        info.productive = result.known and result.target is None and bool(arguments)
        for name, value in scope.names.items():
            if value.taint:
                info.marks[name] = value.taint
        if result is not UNKNOWN:
            info.result = result
        return result

    def _body(self, info: FunctionInfo, scope: Scope) -> Value:
        body = info.node.body
        if not isinstance(body, list):
            return self.evaluate(body, scope)
        self.execute(body, scope)
        if not scope.returned:
            return UNKNOWN
        returned = [value for value in scope.returned if value is not UNKNOWN]
        if len(returned) == 1:
            return returned[0]
        return _one_of(returned)

    def _bind_parameters(
        self,
        info: FunctionInfo,
        scope: Scope,
        arguments: Sequence[Value],
        keywords: Mapping[str, Value],
        bound: Value | None,
    ) -> None:
        parameters, bindings = info.node.args, scope.names
        names = [p.arg for p in parameters.args]
        if parameters.posonlyargs:
            names = [*(p.arg for p in parameters.posonlyargs), *names]
        given = arguments if bound is None else [bound, *arguments]
        for name in (*names, *(p.arg for p in parameters.kwonlyargs)) if parameters.kwonlyargs else names:
            if name not in bindings:
                bindings[name] = of_parameter(name)
        for name, value in zip(names, given, strict=False):
            if value is not UNKNOWN:
                bindings[name] = value
        if parameters.vararg is not None:
            rest = list(given[len(names) :])
            merged = join(rest)
            known = tuple(v.const for v in rest) if rest and all(v.known for v in rest) else merged.const
            bindings[parameters.vararg.arg] = Value(known, None, merged.taint, merged.trail, elements=rest)
        bindings.update(keywords)
        if parameters.kwarg is not None:
            bindings[parameters.kwarg.arg] = join(keywords.values())

    def _walk_uncalled(self, info: FunctionInfo) -> None:
        bound = Value(target=Instance(info.owner)) if info.owner is not None else None
        given, caller = info.fed or (UNKNOWN, None)
        arguments: list[Value] = []
        keywords: dict[str, Value] = {}
        if info.fed is not None:
            info.called_from.add(caller)
            arguments = [given] * len(info.node.args.args)
            keywords = {parameter.arg: given for parameter in info.node.args.kwonlyargs}
        try:
            self._walk(info, arguments, keywords, bound)
        except RecursionError:
            self.report.incomplete = self.report.incomplete or f"nested too deep at line {info.node.lineno}"

    def _running(self) -> set[FunctionInfo | None]:
        """The functions that run when the module runs, and what they call."""
        running: set[FunctionInfo | None] = {None}
        changed = True
        while changed:
            changed = False
            for info in self.functions:
                if info not in running and not running.isdisjoint(info.called_from):
                    running.add(info)
                    changed = True
        return running

    def find_class(self, value: Value) -> ClassInfo | None:
        """The class of the module that `value` is, or is an object of."""
        if isinstance(value.target, Instance):
            return value.target.of
        return value.target if isinstance(value.target, ClassInfo) else None


def _telling(arguments: Sequence[Value], keywords: Mapping[str, Value]) -> bool:
    """Whether anything is known of what a call hands over."""
    return any(v is not UNKNOWN for v in arguments) or any(v is not UNKNOWN for v in keywords.values())


def _one_of(values: Sequence[Value]) -> Value:
    """A value that is one of several: what they have in common, and all their taints."""
    merged = join(values)
    if not values:
        return UNKNOWN
    best = next((v for v in values if v.target is not None or v.ref is not None or v.known), None)
    if best is None:
        return merged
    return Value(
        best.const, best.ref, merged.taint, merged.trail, exact=best.exact, target=best.target, elements=best.elements
    )
