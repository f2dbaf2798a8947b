//! A problem in pieces that share nothing: what no link and no conduit joins. Each piece is solved alone, which is exact and much
//! faster, and spreads a scarcity only among those it can be spread over.

use crate::allocation::{Allocation, Link};

/// A piece, with the indices its parts have in the whole.
pub struct Piece {
    /// The piece as a problem of its own.
    pub problem: Allocation,
    pub supplies: Vec<usize>,
    pub demands: Vec<usize>,
    pub conduits: Vec<usize>,
    pub links: Vec<usize>,
}

/// The pieces that have a link, in the order of their first link. A demand without any is in none.
pub fn pieces(problem: &Allocation) -> Vec<Piece> {
    let supplies = problem.supplies.len();
    let mut sets = Sets::new(supplies + problem.demands.len() + problem.conduits.len());
    let demand = |link: &Link| supplies + link.demand;
    let conduit = |at: usize| supplies + problem.demands.len() + at;
    for link in &problem.links {
        sets.join(link.supply, demand(link));
        if let Some(at) = link.conduit {
            sets.join(link.supply, conduit(at));
        }
    }
    let mut piece_of = vec![None; sets.parent.len()];
    let mut pieces: Vec<Piece> = Vec::new();
    // Where each part of the whole stands in its piece.
    let mut at = vec![usize::MAX; sets.parent.len()];
    for (index, link) in problem.links.iter().enumerate() {
        let root = sets.root(link.supply);
        let piece = *piece_of[root].get_or_insert_with(|| {
            pieces.push(Piece::empty());
            pieces.len() - 1
        });
        let piece = &mut pieces[piece];
        let supply = place(&mut at[link.supply], &mut piece.supplies, link.supply);
        let demand = place(&mut at[demand(link)], &mut piece.demands, link.demand);
        let conduit = link.conduit.map(|one| place(&mut at[conduit(one)], &mut piece.conduits, one));
        piece.links.push(index);
        piece.problem.links.push(Link { supply, demand, conduit, ..link.clone() });
    }
    for piece in &mut pieces {
        piece.problem.supplies = piece.supplies.iter().map(|at| problem.supplies[*at].clone()).collect();
        piece.problem.demands = piece.demands.iter().map(|at| problem.demands[*at].clone()).collect();
        piece.problem.conduits = piece.conduits.iter().map(|at| problem.conduits[*at].clone()).collect();
    }
    pieces
}

impl Piece {
    fn empty() -> Piece {
        Piece {
            problem: Allocation::default(),
            supplies: Vec::new(),
            demands: Vec::new(),
            conduits: Vec::new(),
            links: Vec::new(),
        }
    }
}

/// The index a part has in its piece, which it gets at its first link.
fn place(at: &mut usize, of_piece: &mut Vec<usize>, part: usize) -> usize {
    if *at == usize::MAX {
        *at = of_piece.len();
        of_piece.push(part);
    }
    *at
}

/// Sets that are joined.
struct Sets {
    parent: Vec<usize>,
}

impl Sets {
    fn new(size: usize) -> Sets {
        Sets { parent: (0..size).collect() }
    }

    fn root(&mut self, mut one: usize) -> usize {
        while self.parent[one] != one {
            self.parent[one] = self.parent[self.parent[one]];
            one = self.parent[one];
        }
        one
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        // The smaller index stays the root, so that the result does not depend on the order of joining.
        self.parent[a.max(b)] = a.min(b);
    }
}
