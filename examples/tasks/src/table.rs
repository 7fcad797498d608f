//! A table for a terminal: a header, a line, and columns that fit the width.

use comfy_table::{ContentArrangement, LineStyle, Table, TableStyle};
use console::Term;

/// Draws a table. Cells that do not fit the terminal continue on another line; a file or a pipe has room for all of them.
pub fn draw<const COLUMNS: usize>(header: [&str; COLUMNS], rows: Vec<[String; COLUMNS]>) -> String {
    let mut table = Table::new();
    table.load_style(TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─')));
    table.set_header(header).add_rows(rows);
    if let Some((_, width)) = Term::stdout().size_checked() {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    }
    table.trim_fmt()
}
