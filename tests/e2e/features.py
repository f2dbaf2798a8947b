"""Reads /ogc with OWSLib, a client that is not ours. Usage: features.py URL. Ends with 1 and says why when something is amiss."""

import sys
from urllib.parse import parse_qs, urlsplit

from owslib.ogcapi.features import Features


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
    classes = server.conformance()["conformsTo"]
    for part in ["ogcapi-features-1/1.0/conf/core", "ogcapi-features-1/1.0/conf/geojson", "cql2/1.0/conf/cql2-text"]:
        same(f"http://www.opengis.net/spec/{part}" in classes, True, part)
    same(server.api()["openapi"][:3], "3.0", "the description of the interface")
    collections = server.feature_collections()
    for collection in ["places-city", "places-county", "places-township", "cases-incident", "rows-service_point"]:
        same(collection in collections, True, f"{collection} among {collections}")
    for collection in collections:
        told = server.collection(collection)
        same("http://www.opengis.net/def/crs/EPSG/0/4490" in told["crs"], True, f"CGCS2000 for {collection}")
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
    closed = server.collection_items("cases-incident", filter="status = 'closed'", limit=20)["features"]
    same({feature["properties"]["status"] for feature in closed}, {"closed"}, "states of closed cases")
    print(f"{len(collections)} collections read")


if __name__ == "__main__":
    main(sys.argv[1])
