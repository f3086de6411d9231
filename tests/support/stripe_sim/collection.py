"""Objects of one kind in the order of their creation, with Stripe's cursor paging."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .errors import missing

StripeObject = dict[str, Any]


class Collection:
    def __init__(self, kind: str, url: str) -> None:
        self.kind = kind
        self.url = url
        self._items: list[StripeObject] = []
        self._place: dict[str, int] = {}

    def add(self, item: StripeObject) -> StripeObject:
        self._place[item["id"]] = len(self._items)
        self._items.append(item)
        return item

    def find(self, object_id: str) -> StripeObject | None:
        place = self._place.get(object_id)
        return None if place is None else self._items[place]

    def get(self, object_id: str, param: str = "id", status: int = 404) -> StripeObject:
        item = self.find(object_id)
        if item is None:
            raise missing(self.kind, object_id, param, status)
        return item

    def __iter__(self) -> Iterator[StripeObject]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def page(
        self,
        params: dict[str, Any],
        matches: Callable[[StripeObject], bool] = lambda item: True,
        within: list[StripeObject] | None = None,
    ) -> dict[str, Any]:
        """Newest first. within: a smaller list in creation order that holds every match."""
        limit = params.get("limit", 10)
        items = self._items if within is None else within
        newest_first = self._cut(list(reversed(items)), params)
        found = []
        wanted = (item for item in newest_first if matches(item) and _created_fits(item, params))
        for item in wanted:
            found.append(item)
            if len(found) > limit:
                break
        if "ending_before" in params:
            found.reverse()
            data = found[-limit:]
        else:
            data = found[:limit]
        return {"object": "list", "data": data, "has_more": len(found) > limit, "url": self.url}

    def _cut(self, newest_first: list[StripeObject], params: dict[str, Any]) -> list[StripeObject]:
        after, before = params.get("starting_after"), params.get("ending_before")
        if after is not None:
            self.get(after, "starting_after", 400)
            place = self._place[after]
            return [item for item in newest_first if self._place[item["id"]] < place]
        if before is not None:
            self.get(before, "ending_before", 400)
            place = self._place[before]
            return [item for item in reversed(newest_first) if self._place[item["id"]] > place]
        return newest_first


def _created_fits(item: StripeObject, params: dict[str, Any]) -> bool:
    wanted = params.get("created")
    if wanted is None:
        return True
    created = item["created"]
    if isinstance(wanted, int):
        return bool(created == wanted)
    return bool(
        created >= wanted.get("gte", created)
        and created <= wanted.get("lte", created)
        and created > wanted.get("gt", created - 1)
        and created < wanted.get("lt", created + 1)
    )
