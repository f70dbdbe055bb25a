//! The same bytes in other pieces, other ends, other encodings.

use proxy_wasm_harness::state::{Body, Chunk, Entropy};

/// The bytes of a body.
#[must_use]
pub fn bytes(body: &Body) -> Vec<u8> {
    body.pieces().iter().flat_map(|chunk| chunk.data.iter().copied()).collect()
}

/// This body cut at these places, each between 1 and its length; what frames it stays.
#[must_use]
pub fn cut_at(body: &Body, places: &[usize]) -> Body {
    let all = bytes(body);
    let mut pieces = Vec::new();
    let mut from = 0;
    for place in places.iter().copied().filter(|place| *place < all.len()).chain([all.len()]) {
        if place > from {
            pieces.push(Chunk::from(&all[from..place]));
            from = place;
        }
    }
    match body {
        Body::None => Body::None,
        Body::Sized(_) => Body::Sized(pieces),
        Body::Chunked(_) => Body::Chunked(pieces),
    }
}

/// In one piece.
#[must_use]
pub fn whole(body: &Body) -> Body {
    cut_at(body, &[])
}

/// In pieces of one byte; of a long body, its first and last 64 bytes.
#[must_use]
pub fn byte_by_byte(body: &Body) -> Body {
    let len = body.size();
    let places: Vec<usize> = (1..len).filter(|place| *place <= 64 || *place + 64 >= len).collect();
    cut_at(body, &places)
}

/// At random places: one to four of them.
#[must_use]
pub fn at_random(body: &Body, entropy: &mut Entropy) -> Body {
    let len = body.size() as u64;
    if len < 2 {
        return whole(body);
    }
    let count = 1 + entropy.next_u64() % 4;
    let mut places: Vec<usize> = (0..count).map(|_| 1 + (entropy.next_u64() % (len - 1)) as usize).collect();
    places.sort_unstable();
    cut_at(body, &places)
}

/// Between the two bytes of each CRLF, and inside each LF LF.
#[must_use]
pub fn inside_line_ends(body: &Body) -> Option<Body> {
    let all = bytes(body);
    let pairs = all.windows(2).enumerate();
    let places: Vec<usize> =
        pairs.filter(|(_, pair)| [&b"\r\n"[..], b"\n\n"].contains(pair)).map(|(at, _)| at + 1).collect();
    (!places.is_empty()).then(|| cut_at(body, &places))
}

/// Inside each character of more than one byte.
#[must_use]
pub fn inside_characters(body: &Body) -> Option<Body> {
    let all = bytes(body);
    let places: Vec<usize> = (1..all.len()).filter(|at| all[*at] & 0xc0 == 0x80).collect();
    (!places.is_empty()).then(|| cut_at(body, &places))
}

/// With an empty piece behind each of its pieces: frames without bytes.
#[must_use]
pub fn with_empty_pieces(body: &Body) -> Option<Body> {
    let Body::Chunked(pieces) = body else { return None };
    let pieces = pieces.iter().flat_map(|piece| [piece.clone(), Chunk::default()]).collect();
    Some(Body::Chunked(pieces))
}

/// Without a content-length, so that trailers can end it.
#[must_use]
pub fn unsized_body(body: &Body) -> Body {
    match body {
        Body::None => Body::Chunked(Vec::new()),
        Body::Sized(pieces) | Body::Chunked(pieces) => Body::Chunked(pieces.clone()),
    }
}

/// Every other cutting of `body` that is worth a run, with what it is called. `cases` of them are random.
#[must_use]
pub fn cuttings(body: &Body, cases: u32, entropy: &mut Entropy) -> Vec<(String, Body)> {
    let mut all =
        vec![("in one piece".to_owned(), whole(body)), ("one byte at a time".to_owned(), byte_by_byte(body))];
    all.extend(inside_line_ends(body).map(|body| ("cut inside line ends".to_owned(), body)));
    all.extend(inside_characters(body).map(|body| ("cut inside UTF-8 characters".to_owned(), body)));
    for _ in 0..cases {
        let cut = at_random(body, entropy);
        let sizes: Vec<String> = cut.pieces().iter().map(|piece| piece.data.len().to_string()).collect();
        all.push((format!("in pieces of {} bytes", sizes.join(", ")), cut));
    }
    let mut kept: Vec<(String, Body)> = Vec::new();
    for (what, cut) in all {
        if cut != *body && kept.iter().all(|(_, known)| *known != cut) {
            kept.push((what, cut));
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(body: &Body) -> Vec<usize> {
        body.pieces().iter().map(|piece| piece.data.len()).collect()
    }

    #[test]
    fn the_bytes_stay_and_the_pieces_change() {
        let body = Body::sized("a\r\nb\u{e9}c\n\nd");
        let mut entropy = Entropy::new(1, "test");
        let cuttings = cuttings(&body, 3, &mut entropy);
        assert!(cuttings.len() >= 5, "{cuttings:?}");
        for (what, cut) in &cuttings {
            assert_eq!(bytes(cut), bytes(&body), "{what}");
            assert!(matches!(cut, Body::Sized(_)) && cut.pieces().iter().all(|piece| !piece.data.is_empty()));
        }
        assert_eq!(sizes(&byte_by_byte(&body)), [1; 10]);
        assert_eq!(sizes(&inside_line_ends(&body).unwrap()), [2, 6, 2]);
        assert_eq!(sizes(&inside_characters(&body).unwrap()), [5, 5]);
        assert_eq!(inside_characters(&Body::sized("abc")), None);
        assert_eq!(sizes(&with_empty_pieces(&Body::chunked(["ab"])).unwrap()), [2, 0]);
    }

    #[test]
    fn what_cannot_be_cut_stays() {
        for body in [Body::None, Body::sized(""), Body::sized("x")] {
            assert_eq!(cuttings(&body, 4, &mut Entropy::new(1, "test")), []);
        }
    }
}
