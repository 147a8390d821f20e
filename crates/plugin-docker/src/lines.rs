//! Joins pieces of output into lines: BuildKit cuts them anywhere (build-facts 3, "Progress").

use crate::redact::Redactor;

/// A line without end is handed on in parts of about this size.
const MAX_LINE: usize = 64 * 1024;

/// One stream of output of one step.
#[derive(Default)]
pub(crate) struct Joiner {
    rest: Vec<u8>,
}

impl Joiner {
    /// Takes a piece and hands on the lines that it completes, without secrets.
    pub(crate) fn push(&mut self, chunk: &[u8], redact: &Redactor, mut line: impl FnMut(&str)) {
        let mut parts = chunk.split(|byte| *byte == b'\n');
        let last = parts.next_back().unwrap_or_default();
        for part in parts {
            self.rest.extend_from_slice(part);
            emit(&redact.bytes(&self.rest), &mut line);
            self.rest.clear();
        }
        self.rest.extend_from_slice(last);
        if self.rest.len() > MAX_LINE + redact.longest() {
            // The end may be the beginning of a secret: it waits for what follows.
            let clean = redact.bytes(&self.rest);
            let cut = clean.len().saturating_sub(redact.longest());
            emit(&clean[..cut], &mut line);
            self.rest = clean[cut..].to_vec();
        }
    }

    /// Hands on what came without a newline at the end.
    pub(crate) fn finish(&mut self, redact: &Redactor, mut line: impl FnMut(&str)) {
        if !self.rest.is_empty() {
            emit(&redact.bytes(&self.rest), &mut line);
            self.rest.clear();
        }
    }
}

/// What a terminal would show of the line: a carriage return writes over what was before it.
fn emit(bytes: &[u8], line: &mut impl FnMut(&str)) {
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    let shown = bytes.rsplit(|byte| *byte == b'\r').next();
    line(&String::from_utf8_lossy(shown.unwrap_or_default()));
}

#[cfg(test)]
mod tests {
    use shipway_plugin::Secret;

    use super::*;

    fn join(chunks: &[&[u8]], secret: &str) -> Vec<String> {
        let redact = Redactor::new(&[Secret::new(secret)]);
        let mut joiner = Joiner::default();
        let mut lines = Vec::new();
        for chunk in chunks {
            joiner.push(chunk, &redact, |line| lines.push(line.to_owned()));
        }
        joiner.finish(&redact, |line| lines.push(line.to_owned()));
        lines
    }

    #[test]
    fn lines_cut_anywhere_come_out_whole() {
        assert_eq!(
            join(&[b"on", b"e\ntw", b"o\n\nthr", b"ee"], ""),
            ["one", "two", "", "three"]
        );
    }

    #[test]
    fn a_character_cut_in_two_is_one_character() {
        let text = "größe\n".as_bytes();
        assert_eq!(join(&[&text[..3], &text[3..]], ""), ["größe"]);
    }

    #[test]
    fn a_secret_split_over_pieces_is_found() {
        assert_eq!(
            join(&[b"token=hun", b"ter", b"2 ok\n"], "hunter2"),
            ["token=[redacted] ok"]
        );
    }

    #[test]
    fn progress_bars_leave_their_last_state() {
        assert_eq!(join(&[b"10%\r50%\r100%\r\nnext\r\n"], ""), ["100%", "next"]);
    }

    #[test]
    fn a_line_without_end_is_handed_on_in_parts_and_leaks_no_secret() {
        let mut output = vec![b'x'; MAX_LINE + 4];
        output.extend_from_slice(b"hunter2");
        output.extend(vec![b'y'; MAX_LINE]);
        for cut in 1..20 {
            let (head, tail) = output.split_at(MAX_LINE + cut);
            let parts = join(&[head, tail], "hunter2");
            assert!(parts.len() > 1);
            assert_eq!(parts.concat().matches("[redacted]").count(), 1, "{cut}");
            assert!(!parts.concat().contains("hunter"));
        }
    }
}
