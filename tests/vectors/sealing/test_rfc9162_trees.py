"""Merkle trees of RFC 9162 §2.1 against known roots, and every proof of every small tree."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yikatong.kernel.outcomes import Refused
from yikatong.sealing.model import Node, Reason
from yikatong.sealing.rules.trees import (
    EMPTY_ROOT,
    Edge,
    Tree,
    consistency_path,
    hash_leaf,
    inclusion_path,
    verify_consistency,
    verify_inclusion,
)

LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
"""The inputs of the reference test of Certificate Transparency (RFC 6962, whose trees RFC 9162 keeps)."""

ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
"""The roots over the first one to eight of them, as that test has them."""


def grown(count: int) -> tuple[Edge, dict[tuple[int, int], bytes], list[bytes]]:
    """A log of so many leaves: its edge, its whole subtrees, and the root at every length from 0 on."""
    edge, nodes, roots = Edge(), dict[tuple[int, int], bytes](), [EMPTY_ROOT]
    for number in range(count):
        for node in edge.append(hash_leaf(b"%d" % number)):
            nodes[node.level, node.position] = node.hash
        roots.append(edge.root)
    return edge, nodes, roots


@pytest.mark.parametrize("count", range(1, 9))
def test_roots_are_the_known_ones(count: int) -> None:
    hashes = [hash_leaf(data) for data in LEAVES[:count]]
    edge = Edge()
    for one in hashes:
        edge.append(one)

    assert ROOTS[count - 1] == Tree(hashes).root.hex()
    assert ROOTS[count - 1] == edge.root.hex()


def test_the_root_of_nothing_is_the_hash_of_nothing() -> None:
    assert "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" == Edge().root.hex()


def test_an_edge_that_was_kept_grows_like_one_that_was_not() -> None:
    edge = Edge()
    for number in range(200):
        kept = Edge(edge.size, edge.subtrees)
        leaf = hash_leaf(b"%d" % number)

        assert edge.append(leaf) == kept.append(leaf)
        assert edge.root == kept.root


def test_an_edge_with_another_number_of_subtrees_than_its_size_says_is_refused() -> None:
    with pytest.raises(ValueError, match="as many whole subtrees"):
        Edge(3, bytes(32))


def test_appending_gives_each_subtree_that_becomes_whole_once() -> None:
    edge = Edge()
    made: list[Node] = [node for number in range(64) for node in edge.append(hash_leaf(b"%d" % number))]

    assert {(level, position) for level in range(7) for position in range(64 >> level)} == {
        (node.level, node.position) for node in made
    }
    assert 127 == len(made)


def test_every_leaf_of_every_small_log_is_proven_and_nothing_else_is() -> None:
    _, nodes, roots = grown(33)
    for size in range(1, 34):
        for position in range(size):
            path = inclusion_path(position, size, lambda level, at: nodes[level, at])
            leaf = hash_leaf(b"%d" % position)
            verify_inclusion(leaf, index=position, size=size, path=path, root=roots[size])
            for wrong in ({"index": (position + 1) % size} if size > 1 else {"size": 2}, {"root": roots[size - 1]}):
                proof = {"index": position, "size": size, "path": path, "root": roots[size], **wrong}
                with pytest.raises(Refused) as refused:
                    verify_inclusion(leaf, **proof)  # type: ignore[arg-type]
                assert refused.value.reason is Reason.SEAL_DOES_NOT_MATCH


def test_the_tree_of_a_batch_proves_as_a_log_of_the_same_leaves_does() -> None:
    _, nodes, roots = grown(21)
    tree = Tree([hash_leaf(b"%d" % number) for number in range(21)])

    assert roots[21] == tree.root
    for position in range(21):
        assert tuple(inclusion_path(position, 21, lambda level, at: nodes[level, at])) == tree.path(position)


def test_every_small_log_is_proven_to_begin_with_every_smaller_one() -> None:
    _, nodes, roots = grown(33)
    for new in range(34):
        for old in range(new + 1):
            path = consistency_path(old, new, lambda level, at: nodes[level, at])
            verify_consistency(old=old, old_root=roots[old], new=new, new_root=roots[new], path=path)


@given(old=st.integers(1, 40), grew=st.integers(1, 40), forged=st.integers(0, 39))
def test_a_log_with_another_past_is_not_proven_to_begin_with_the_old_one(old: int, grew: int, forged: int) -> None:
    _, _, roots = grown(old)
    edge, nodes = Edge(), dict[tuple[int, int], bytes]()
    for number in range(old + grew):
        data = b"forged" if number == forged % old else b"%d" % number
        for node in edge.append(hash_leaf(data)):
            nodes[node.level, node.position] = node.hash
    path = consistency_path(old, old + grew, lambda level, at: nodes[level, at])

    with pytest.raises(Refused):
        verify_consistency(old=old, old_root=roots[old], new=old + grew, new_root=edge.root, path=path)


@given(
    old=st.integers(-1, 12),
    new=st.integers(-1, 12),
    path=st.lists(st.binary(min_size=32, max_size=32), max_size=6),
    roots=st.tuples(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32)),
)
def test_made_up_proofs_are_refused_and_never_break(
    old: int, new: int, path: list[bytes], roots: tuple[bytes, bytes]
) -> None:
    if old == 0 and not path:
        verify_consistency(old=old, old_root=roots[0], new=new, new_root=roots[1], path=path)
        return
    if old == new and not path and roots[0] == roots[1]:
        return
    with pytest.raises(Refused):
        verify_consistency(old=old, old_root=roots[0], new=new, new_root=roots[1], path=path)
    with pytest.raises(Refused):
        verify_inclusion(roots[0], index=old, size=new, path=[*path, roots[0]], root=roots[1])
