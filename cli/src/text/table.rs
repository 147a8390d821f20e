//! Tables without lines: columns as wide as their widest cell.

use crate::text::line::{Line, Tone};
use console::measure_text_width;

/// Rows under headings.
pub(crate) struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Vec<(Tone, String)>>,
}

impl Table {
    /// An empty table with these headings.
    pub(crate) fn new(headings: &[&'static str]) -> Self {
        Self {
            headings: headings.to_vec(),
            rows: Vec::new(),
        }
    }

    /// Adds a row of ordinary text; a cell that is missing stays empty.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.toned(cells.map(|cell| (Tone::Plain, cell)));
    }

    /// Adds a row.
    pub(crate) fn toned<const N: usize>(&mut self, cells: [(Tone, String); N]) {
        self.rows.push(Vec::from(cells));
    }

    /// The lines of the table, headings first.
    pub(crate) fn lines(&self) -> Vec<Line> {
        let widths: Vec<usize> = (0..self.headings.len())
            .map(|column| {
                self.rows
                    .iter()
                    .filter_map(|row| row.get(column))
                    .map(|(_, cell)| measure_text_width(cell))
                    .chain([measure_text_width(self.headings[column])])
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        let line = |cells: Vec<(Tone, &str)>| {
            let mut line = Line::default();
            for (column, (tone, cell)) in cells.into_iter().enumerate() {
                let blanks = widths[column].saturating_sub(measure_text_width(cell)) + 2;
                line = line.and(tone, cell).and(Tone::Plain, " ".repeat(blanks));
            }
            line
        };
        let head = line(
            self.headings
                .iter()
                .map(|cell| (Tone::Faint, *cell))
                .collect(),
        );
        let rows = self.rows.iter().map(|row| {
            line(
                row.iter()
                    .map(|(tone, cell)| (*tone, cell.as_str()))
                    .collect(),
            )
        });
        [head].into_iter().chain(rows).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(&["id", "why"]);
        table.row(["7k3m".into(), "slot held".into()]);
        table.row(["7".into(), String::new()]);
        let text: Vec<_> = table
            .lines()
            .iter()
            .map(|line| line.render(false))
            .collect();
        assert_eq!(text, ["id    why", "7k3m  slot held", "7"]);
    }
}
