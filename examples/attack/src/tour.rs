//! Shows what the framework is for on the objects that were loaded.

use console::{Style, style};
use longevity::PersistentStruct;
use longevity::backend::Backend;
use longevity::blocking::Longevity;
use longevity::prelude::*;

use crate::merge::two_become_one;
use crate::model::*;

/// The result of each part of the tour.
pub type Outcome<T = ()> = Result<T, Error>;

/// Shows all parts, one after the other. A part that needs an object that the file does not have says so.
pub fn tour<B: Backend>(store: &Longevity<Attack, B>) -> Outcome {
    counts(store)?;
    if let Some(technique) = lookup(store)? {
        sub_techniques(store)?;
        software(store, &technique)?;
        optimistic_lock(store, technique)?;
        morph(store)?;
        two_become_one(store)?;
    }
    println!("\n{}", style("© 2025 The MITRE Corporation. This work is reproduced and distributed with the").dim());
    println!("{}\n", style("permission of The MITRE Corporation.").dim());
    Ok(())
}

/// Prints the subject of the next lines, and the code that produces them.
pub fn heading(text: &str, code: &str) {
    println!("\n{}  {}", style(text).cyan().bold(), style(code).dim());
}

/// A number with separated thousands.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn counts<B: Backend>(store: &Longevity<Attack, B>) -> Outcome {
    heading("One table, a repository per type", "store.repo::<Technique>().count(..)");
    fn count<D, B: Backend>(store: &Longevity<Attack, B>, counts: &mut Vec<(&'static str, u64)>) -> Outcome
    where
        D: PersistentStruct<Root = Object>,
    {
        counts.push((D::NAME, store.repo::<D>().count(D::query().all())?));
        Ok(())
    }
    let mut counts = Vec::new();
    count::<Relationship, B>(store, &mut counts)?;
    count::<Analytic, B>(store, &mut counts)?;
    count::<Technique, B>(store, &mut counts)?;
    count::<Malware, B>(store, &mut counts)?;
    count::<DetectionStrategy, B>(store, &mut counts)?;
    count::<Mitigation, B>(store, &mut counts)?;
    count::<Group, B>(store, &mut counts)?;
    count::<DataComponent, B>(store, &mut counts)?;
    count::<Tool, B>(store, &mut counts)?;
    count::<Campaign, B>(store, &mut counts)?;
    count::<DataSource, B>(store, &mut counts)?;
    count::<Tactic, B>(store, &mut counts)?;

    // There are two columns, which are read downwards.
    let half = counts.len().div_ceil(2);
    for row in 0..half {
        let cell = |(name, rows): &(&str, u64)| format!("{name:<18} {:>7}", grouped(*rows));
        let right = counts.get(row + half).map_or_else(String::new, cell);
        println!("  {}     {right}", cell(&counts[row]));
    }
    let all = store.repo::<Object>().count(Object::query().all())?;
    println!("  {}", style(format!("{:<18} {:>7}", "Object, the poly", grouped(all))).bold());
    Ok(())
}

fn lookup<B: Backend>(store: &Longevity<Attack, B>) -> Outcome<Option<PState<Technique>>> {
    heading("By a derived key", "techniques.retrieve(&TechniqueId(\"T1059\".into()))");
    let found = store.repo::<Technique>().retrieve(&TechniqueId("T1059".into()))?;
    match &found {
        Some(technique) => {
            let platforms: Vec<_> = technique.platforms.iter().map(|platform| format!("{platform:?}")).collect();
            println!("  {}  {}", style(&technique.external_id.0).green(), style(&technique.name).bold());
            println!("         on {}", platforms.join(", "));
            println!("         last modified {}, row version {}", technique.modified, technique.row_version());
        }
        None => println!("  this file has no T1059, so there is nothing more to show"),
    }
    Ok(found)
}

fn sub_techniques<B: Backend>(store: &Longevity<Attack, B>) -> Outcome {
    let t = Technique::props();
    let linux = || {
        Technique::query()
            .filter(t.is_subtechnique.eq(true) & t.platforms.contains(Platform::Linux))
            .order_by(t.external_id.asc())
    };
    heading("A derived query", "t.is_subtechnique.eq(true) & t.platforms.contains(Platform::Linux)");
    let techniques = store.repo::<Technique>();
    for technique in techniques.find(linux().limit(5))? {
        println!("  {:<10} {}", style(&technique.external_id.0).green(), technique.name);
    }
    println!("  … {} sub-techniques for Linux, by external id", techniques.count(linux())?);
    let explanation = techniques.explain(linux())?.to_string().replace('\n', "\n    ");
    println!("  {}", style(format!("answered by {explanation}")).dim());
    Ok(())
}

fn software<B: Backend>(store: &Longevity<Attack, B>, technique: &PState<Technique>) -> Outcome {
    heading("Rows with what they refer to", "relationships.find_with(query, &r.source_ref)");
    let r = Relationship::props();
    let uses = r.target_ref.eq(&technique.id) & r.relationship_type.eq(RelationshipType::Uses);
    let (mut malware, mut tools) = (Vec::new(), Vec::new());
    // Two queries: one for the relationships, and one for all objects that they refer to.
    let relationships = store.repo::<Relationship>();
    for (_, source) in relationships.find_with(Relationship::query().filter(uses), &r.source_ref)? {
        match source.map(PState::into_value) {
            Some(Object::Malware(software)) => malware.push(software.name),
            Some(Object::Tool(software)) => tools.push(software.name),
            Some(_) | None => {}
        }
    }
    malware.sort();
    tools.sort();
    let list = |names: &[String]| match names {
        [first @ .., _, _] if first.len() > 5 => format!("{}, …", first[..6].join(", ")),
        names => names.join(", "),
    };
    println!("  {} is used by", technique.external_id.0);
    println!("  {:>3} malware  {}", style(malware.len()).green(), list(&malware));
    println!("  {:>3} tools    {}", style(tools.len()).green(), list(&tools));
    Ok(())
}

fn optimistic_lock<B: Backend>(store: &Longevity<Attack, B>, technique: PState<Technique>) -> Outcome {
    heading("An update under the optimistic lock", "techniques.update(state.modify(|t| ..))");
    let techniques = store.repo::<Technique>();
    let also_read = technique.clone();
    let mine = techniques.update(technique.modify(|technique| technique.name.push_str(" (reviewed)")))?;
    println!("  first writer:  {}  row version {}", style("written").green(), mine.row_version());
    match techniques.update(also_read.modify(|technique| technique.deprecated = true)) {
        Ok(_) => println!("  second writer: {}", style("overwrote the first!").red().bold()),
        Err(failure) => {
            println!("  second writer: {}  {failure}", style("refused").yellow());
            let fresh = techniques.retrieve_one(&failure.into_state().external_id)?;
            let done = techniques.update(fresh.modify(|technique| technique.deprecated = true))?;
            println!("  and again:     {}  row version {}", style("written").green(), done.row_version());
        }
    }
    Ok(())
}

fn morph<B: Backend>(store: &Longevity<Attack, B>) -> Outcome {
    heading("A row that changes its type", "objects.update(tool.widen().set(Object::Malware(..)))");
    let (objects, tools, malware) = (store.repo::<Object>(), store.repo::<Tool>(), store.repo::<Malware>());
    let Some(mimikatz) = tools.retrieve(&ToolId("S0002".into()))? else {
        println!("  this file has no tool S0002");
        return Ok(());
    };
    let show = |when: &str, state: &PState<Object>, style: Style| -> Outcome {
        println!(
            "  {when:<7} {} {} tools, {} malware; row version {}",
            style.apply_to(format!("{:<8}", kind(state))),
            tools.count(Tool::query().all())?,
            malware.count(Malware::query().all())?,
            state.row_version(),
        );
        Ok(())
    };
    println!("  {} ({})", style(&mimikatz.name).bold(), mimikatz.external_id.0);
    let as_tool = mimikatz.widen();
    show("before", &as_tool, Style::new().green())?;

    let Object::Tool(tool) = as_tool.get().clone() else { return Ok(()) };
    let as_malware = objects.update(as_tool.set(Object::Malware(into_malware(tool.clone()))))?;
    show("morphed", &as_malware, Style::new().red())?;
    let by_key = malware.retrieve(&MalwareId("S0002".into()))?.is_some();
    let by_old_key = tools.retrieve(&ToolId("S0002".into()))?.is_some();
    println!("          found as malware by S0002: {by_key}; as a tool: {by_old_key}");

    let as_tool = objects.update(as_malware.set(Object::Tool(tool)))?;
    show("back", &as_tool, Style::new().green())
}

fn kind(state: &PState<Object>) -> &'static str {
    match state.get() {
        Object::Tool(_) => "Tool,",
        Object::Malware(_) => "Malware,",
        _ => "other,",
    }
}

fn into_malware(tool: Tool) -> Malware {
    Malware {
        id: tool.id,
        external_id: MalwareId(tool.external_id.0),
        name: tool.name,
        aliases: tool.aliases,
        platforms: tool.platforms,
        is_family: false,
        revoked: tool.revoked,
        deprecated: tool.deprecated,
    }
}
