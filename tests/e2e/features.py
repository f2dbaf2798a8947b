"""Reads /ogc with OWSLib, a client that is not ours. Usage: features.py URL. Ends with 1 and says why when something is amiss."""

import sys
from urllib.parse import parse_qs, urlsplit

from owslib.ogcapi.features import Features

SPEC = "http://www.opengis.net/spec/"
FEATURES = "ogcapi-features-"
# Every class that is claimed, and nothing else; what is asked of each follows below.
CLASSES = {
    *(f"{SPEC}{FEATURES}1/1.0/conf/{name}" for name in ["core", "oas30", "html", "geojson"]),
    f"{SPEC}{FEATURES}2/1.0/conf/crs",
    *(f"{SPEC}{FEATURES}3/1.0/conf/{name}" for name in ["queryables", "queryables-query-parameters", "filter", "features-filter"]),
    *(f"{SPEC}cql2/1.0/conf/{name}" for name in ["cql2-text", "basic-cql2", "advanced-comparison-operators", "basic-spatial-functions"]),
}
CGCS2000 = "http://www.opengis.net/def/crs/EPSG/0/4490"


def same(found, wanted, what):
    if found != wanted:
        sys.exit(f"{what}: {found!r}, expected {wanted!r}")


def pages(server, collection, limit):
    """Every feature of a collection, by the links to the next page; the first three pages at most."""
    found, more = [], {}
    for _ in range(3):
        page = server.collection_items(collection, limit=limit, **more)
        found += page["features"]
        following = [link["href"] for link in page["links"] if link["rel"] == "next"]
        if not following:
            break
        more = {"after": parse_qs(urlsplit(following[0]).query)["after"][0]}
    return found


def main(url):
    server = Features(f"{url}/ogc")
    same(set(server.conformance()["conformsTo"]), CLASSES, "the classes that are met")
    same(server.api()["openapi"][:3], "3.0", "the description of the interface")
    collections = server.feature_collections()
    for collection in ["places-city", "places-county", "places-township", "cases-incident", "rows-service_point"]:
        same(collection in collections, True, f"{collection} among {collections}")
    for collection in collections:
        told = server.collection(collection)
        same(CGCS2000 in told["crs"], True, f"CGCS2000 for {collection}")
        names = server.collection_queryables(collection)["properties"]
        features = pages(server, collection, 2)
        ids = [feature["id"] for feature in features]
        same(len(set(ids)), len(ids), f"ids of {collection} stand once")
        for feature in features:
            unknown = [name for name in feature["properties"] if name not in names and not isinstance(feature["properties"][name], list)]
            same(unknown, [], f"properties of {collection} that are no queryables")
        if features:
            one = server.collection_item(collection, ids[0])
            same(one["id"], ids[0], f"one feature of {collection}")
    counties = server.collection_items("places-county", limit=100)["features"]
    same(len(counties) > 10, True, "counties")
    west, south = 116.6, 38.2
    near = server.collection_items("places-township", bbox=[west, south, west + 0.2, south + 0.2], limit=1000)
    every = server.collection_items("places-township", limit=1000)
    same(0 < near["numberReturned"] < every["numberReturned"], True, "a box narrows")
    code = counties[0]["id"]
    inside = server.collection_items("places-township", filter=f"parent = '{code}'", limit=1000)["features"]
    same(all(feature["id"].startswith(code) for feature in inside) and bool(inside), True, "a filter narrows")
    found = lambda text: {feature["id"] for feature in server.collection_items("places-county", filter=text, limit=100)["features"]}
    name = counties[0]["properties"]["name"]
    every_id = {county["id"] for county in counties}
    same(found(f"name LIKE '{name[0]}%' AND NOT name = '{name}'") < every_id - {code}, True, "a pattern, and not one of them")
    same(found(f"name IN ('{name}', 'nowhere')"), {code}, "one of a list")
    same(found(f"name = 'nowhere' OR name = '{name}'"), {code}, "one or the other")
    same(found("name IS NULL"), set(), "without a name")
    same(found("name BETWEEN 'a' AND 'b'") | found("name NOT BETWEEN 'a' AND 'b'"), every_id, "between and not between")
    same(0 < len(found(f"S_INTERSECTS(geometry, BBOX({west},{south},{west + 0.2},{south + 0.2}))")) < len(counties), True, "a box in a filter")
    same([feature["id"] for feature in server.collection_items("places-county", name=name)["features"]], [code], "a queryable as a parameter")

    def corner(feature):
        at = feature["geometry"]["coordinates"]
        while isinstance(at[0], list):
            at = at[0]
        return at

    turned = server.collection_items("places-county", crs=CGCS2000, limit=1)["features"][0]
    same(corner(turned), corner(counties[0])[::-1], "CGCS2000 has the latitude first")
    closed = server.collection_items("cases-incident", filter="status = 'closed'", limit=20)["features"]
    same({feature["properties"]["status"] for feature in closed}, {"closed"}, "states of closed cases")
    print(f"{len(collections)} collections read")


if __name__ == "__main__":
    main(sys.argv[1])
