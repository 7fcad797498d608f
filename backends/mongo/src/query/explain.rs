//! The server's plan of a query, as core's [`Explanation`].

use longevity_core::backend::{Predicate, Select};
use longevity_core::{Access, Error, Explanation};
use mongodb::bson::{Bson, Document, doc};

use crate::error::{MongoError, lossy_reply};
use crate::query::translate::{self, Find};
use crate::table::ReadyTable;

/// The plan of a selection.
pub(crate) async fn of_select(table: &ReadyTable, select: &Select) -> Result<Explanation, Error> {
    let find = translate::find(table, select)?;
    let explanation = of_find(table, find).await?;
    Ok(match select.predicate {
        Predicate::False => Explanation { access: Access::Nothing, ..explanation },
        _ => explanation,
    })
}

/// The plan of a look-up by key.
pub(crate) async fn of_filter(table: &ReadyTable, filter: Document) -> Result<Explanation, Error> {
    let (computed, sort, fields) = (Document::new(), Document::new(), Document::new());
    let find = Find { filter, computed, sort, skip: 0, limit: Some(1), fields };
    of_find(table, find).await
}

async fn of_find(table: &ReadyTable, find: Find) -> Result<Explanation, Error> {
    let name = &*table.definition.name;
    let command = if find.computed.is_empty() {
        let mut command = doc! { "find": name, "filter": find.filter, "sort": find.sort };
        if let Some(limit) = find.limit {
            command.insert("limit", limit);
        }
        command
    } else {
        doc! { "aggregate": name, "pipeline": translate::pipeline(find), "cursor": {} }
    };
    let explain = doc! { "explain": command, "verbosity": "queryPlanner" };
    let reply = match table.database.run_command(explain).await {
        Ok(reply) => reply,
        Err(error) => lossy_reply(&error).ok_or_else(|| MongoError::of_read(error))?,
    };
    let mut stages = Vec::new();
    if let Some(plan) = plan_of(&reply) {
        collect(plan, &mut stages);
    }
    let mut explanation = explanation(table, &stages);
    // In an aggregation, the sort is a separate stage.
    let sorts = reply.get_array("stages").into_iter().flatten().filter_map(Bson::as_document);
    explanation.ordered_by_access &= !sorts.into_iter().any(|stage| stage.contains_key("$sort"));
    Ok(explanation)
}

/// The chosen plan of a query, or of the query with which an aggregation begins.
fn plan_of(reply: &Document) -> Option<&Document> {
    if let Ok(planner) = reply.get_document("queryPlanner") {
        return planner.get_document("winningPlan").ok();
    }
    let stages = reply.get_array("stages").ok()?;
    stages.iter().find_map(|stage| plan_of(stage.as_document()?.get_document("$cursor").ok()?))
}

/// The stages of a plan, the outermost first.
fn collect<'a>(plan: &'a Document, stages: &mut Vec<&'a Document>) {
    if let Ok(inner) = plan.get_document("queryPlan") {
        return collect(inner, stages);
    }
    stages.push(plan);
    if let Ok(inner) = plan.get_document("inputStage") {
        collect(inner, stages);
    }
    for list in ["inputStages", "shards"] {
        for inner in plan.get_array(list).into_iter().flatten().filter_map(Bson::as_document) {
            collect(inner.get_document("winningPlan").unwrap_or(inner), stages);
        }
    }
}

fn stage_of(stage: &Document) -> &str {
    stage.get_str("stage").unwrap_or("?")
}

fn explanation(table: &ReadyTable, stages: &[&Document]) -> Explanation {
    let has = |name: &str| stages.iter().any(|stage| stage_of(stage) == name);
    let access = if has("COLLSCAN") {
        Access::Scan
    } else if has("EOF") {
        Access::Nothing
    } else {
        match stages.iter().find(|stage| stage.contains_key("indexName")) {
            Some(scan) => access(table, scan),
            None if has("IDHACK") => Access::Index { name: "_id_".to_owned(), equal_columns: 1, range: false },
            // This crate does not know such a plan, so it reports the worst.
            None => Access::Scan,
        }
    };
    // This leaves the bounds out, because they contain values.
    let shown = |stage: &&Document| match stage.get_str("indexName") {
        Ok(index) => format!("{} {index}", stage_of(stage)),
        Err(_) => stage_of(stage).to_owned(),
    };
    let details: Vec<_> = stages.iter().map(shown).collect();
    Explanation {
        access,
        ordered_by_access: !has("SORT"),
        table: table.definition.name.to_string(),
        details: Some(details.join(" < ")),
        warning: None,
    }
}

fn access(table: &ReadyTable, scan: &Document) -> Access {
    let name = scan.get_str("indexName").unwrap_or_default();
    let wanted = table.wanted.iter().find(|wanted| wanted.name == name);
    let leading = wanted.map_or(0, |wanted| wanted.leading);
    let (mut equal_columns, mut range) = (0, false);
    let bounds = scan.get_document("indexBounds").into_iter().flatten();
    let columns = bounds.skip(leading).filter(|(field, _)| *field != crate::encode::own_fields::ID || name == "_id_");
    for (_, intervals) in columns {
        let intervals: Vec<_> = intervals.as_array().into_iter().flatten().filter_map(Bson::as_str).collect();
        if !intervals.is_empty() && intervals.iter().all(|interval| is_point(interval)) {
            equal_columns += 1;
        } else {
            range = intervals != ["[MinKey, MaxKey]"];
            break;
        }
    }
    let of_columns =
        wanted.and_then(|wanted| wanted.serves.first()).map(|index| &table.definition.indexes[*index].name);
    let declared = of_columns.or_else(|| wanted?.elements.as_ref());
    Access::Index { name: declared.map_or_else(|| name.to_owned(), String::clone), equal_columns, range }
}

/// Whether an interval `[a, b]` has the same value on both sides.
fn is_point(interval: &str) -> bool {
    let inner = interval.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inner.is_some_and(|inner| {
        let half = inner.len().saturating_sub(2) / 2;
        inner
            .get(..half)
            .is_some_and(|left| inner.get(half..half + 2) == Some(", ") && inner.get(half + 2..) == Some(left))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_has_the_same_on_both_sides() {
        for point in ["[1, 1]", r#"["a, b", "a, b"]"#, "[{ at: 1, ns: 2 }, { at: 1, ns: 2 }]"] {
            assert!(is_point(point), "{point}");
        }
        for range in ["[1, 2]", "(1, 1)", "[1, 1)", "[MinKey, MaxKey]", "[", "", r#"["é", "é]"#] {
            assert!(!is_point(range), "{range}");
        }
    }
}
