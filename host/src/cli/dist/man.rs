//! The manual's pages: lockhost(1), and one for each command.

use clap::{Arg, Command};
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};

use super::{default, description, groups, paragraphs, subcommand, usage, values};
use crate::cli::{
    help::{TOPICS, wrap},
    manual::{COMMANDS, FILES, READ, Row, SET, page},
};

/// The longest line of text. Escapes make lines longer.
const LINE: usize = 72;

/// The commands that use files in a directory which is locked.
const USE_FILES: [&str; 4] = ["acquire", "status", "holds", "break"];

/// Returns the other programs' pages that a command's page refers to.
fn see_also(name: &str) -> &'static [&'static str] {
    match name {
        "" => &["flock(1)", "flock(2)"],
        "acquire" => &[
            "env(1)",
            "flock(1)",
            "nohup(1)",
            "sd_notify(3)",
            "systemd.service(5)",
        ],
        "status" => &["kill(1)"],
        "holds" => &["test(1)"],
        "doctor" => &["flock(2)", "link(2)", "proc(5)"],
        "component" => &["sha256sum(1)"],
        _ => &[],
    }
}

/// Returns all pages, with their names in `host/dist`.
pub(super) fn pages(command: &Command) -> Vec<(String, Vec<u8>)> {
    let names = [""].into_iter().chain(COMMANDS);
    let page = |name| {
        let title = title(name);
        let text = Page::of(name, command).render();
        (format!("man/{title}.1"), text.into_bytes())
    };
    names.map(page).collect()
}

fn title(name: &str) -> String {
    match name {
        "" => "lockhost".to_owned(),
        name => format!("lockhost-{name}"),
    }
}

struct Page<'a> {
    name: &'a str,
    command: &'a Command,
    roff: Roff,
}

impl<'a> Page<'a> {
    fn of(name: &'a str, program: &'a Command) -> Self {
        let command = match name {
            "" => program,
            name => subcommand(program, name),
        };
        Self {
            name,
            command,
            roff: Roff::new(),
        }
    }

    fn render(mut self) -> String {
        let title = title(self.name);
        self.name_and_synopsis(&title);
        self.description();
        self.options();
        self.exit_status();
        self.environment();
        self.files();
        self.examples();
        self.references();
        // With an empty date, which `Roff` cannot express.
        let version = env!("CARGO_PKG_VERSION");
        let head = format!(
            ".TH {} 1 \"\" \"lockhost {version}\" \"lockhost manual\"\n",
            title.to_uppercase()
        );
        let first = ".SH NAME";
        self.roff.render().replacen(first, &(head + first), 1)
    }

    fn section(&mut self, title: &str) {
        self.roff.control("SH", [title]);
    }

    /// Adds text, in lines as mandoc(1) wants them.
    fn text(&mut self, text: &str) {
        for line in wrap(text, LINE) {
            self.roff.text([roman(line)]);
        }
    }

    /// Adds paragraphs, the first one without a space above.
    fn paragraphs(&mut self, text: &str) {
        for (nth, paragraph) in paragraphs(text).iter().enumerate() {
            if nth > 0 {
                self.roff.control("PP", []);
            }
            self.text(paragraph);
        }
    }

    /// Adds a word, and its meaning below and indented.
    fn entry(&mut self, word: Vec<Inline>, meaning: &str) {
        self.roff.control("TP", []);
        self.roff.text(word);
        for (nth, paragraph) in paragraphs(meaning).iter().enumerate() {
            if nth > 0 {
                self.roff.control("IP", []);
            }
            self.text(paragraph);
        }
    }

    fn entries(&mut self, rows: &[Row]) {
        for (word, meaning) in rows {
            self.entry(vec![bold(*word)], meaning);
        }
    }

    fn name_and_synopsis(&mut self, title: &str) {
        self.section("NAME");
        let about = self.command.get_about().expect("it has one").to_string();
        self.text(&format!("{title} - {}", lower(&about)));
        self.section("SYNOPSIS");
        for (nth, form) in usage(self.name).iter().enumerate() {
            if nth > 0 {
                self.roff.control("br", []);
            }
            self.roff.text(form_of_usage(form));
        }
    }

    fn description(&mut self) {
        self.section("DESCRIPTION");
        let about = self.command.get_long_about().or(self.command.get_about());
        // The first paragraph is the name's line.
        let about = about.expect("it has one").to_string();
        let about = about.split_once("\n\n").map_or(&*about, |(_, rest)| rest);
        self.paragraphs(about);
        if !self.name.is_empty() {
            return;
        }
        self.roff.control("PP", []);
        self.text("A lock is advisory: it keeps out only programs that acquire it. A process that holds one is its owner.");
        self.section("COMMANDS");
        let commands = COMMANDS.map(|name| (name, subcommand(self.command, name)));
        for (name, command) in commands {
            let about = command.get_about().expect("it has one").to_string();
            self.entry(vec![bold(title(name)), roman("(1)")], &about);
        }
        let help = subcommand(self.command, "help");
        let about = help.get_about().expect("it has one").to_string();
        let topics = TOPICS.map(|(topic, _)| topic).join(", ");
        let word = vec![
            bold("lockhost help"),
            roman(" ["),
            italic("TOPIC"),
            roman("]"),
        ];
        self.entry(
            word,
            &format!("{about}. The topics are {topics}, and each command"),
        );
    }

    fn options(&mut self) {
        self.section("OPTIONS");
        for argument in self.command.get_positionals() {
            let name = argument.get_value_names().expect("it has one")[0].to_string();
            let mut word = vec![italic(name)];
            if argument.get_num_args().expect("built").max_values() > 1 {
                word.push(roman("..."));
            }
            self.entry(word, &description(argument));
        }
        let groups = groups(self.command);
        for (heading, options) in &groups {
            if groups.len() > 1 {
                self.roff.control("SS", [&**heading]);
            }
            for option in options {
                self.option(option);
            }
        }
    }

    fn option(&mut self, option: &Arg) {
        let mut help = description(option);
        if let Some(default) = default(option) {
            help += &format!("\n\nThe default is {default}");
        }
        if let Some(variable) = option.get_env() {
            let variable = variable.to_string_lossy();
            help += &format!("\n\nThe environment variable {variable} stands in for the option");
        }
        self.entry(header(option), &help);
        let values = values(option);
        if values.is_empty() {
            return;
        }
        self.roff.control("RS", []);
        for (value, meaning) in values {
            self.entry(vec![bold(value)], &meaning);
        }
        self.roff.control("RE", []);
    }

    fn exit_status(&mut self) {
        self.section("EXIT STATUS");
        if !self.name.is_empty() {
            self.entries(page(self.name).exit_codes);
            return;
        }
        for name in COMMANDS {
            self.roff.control("SS", [&*format!("lockhost {name}")]);
            self.entries(page(name).exit_codes);
        }
    }

    fn environment(&mut self) {
        self.section("ENVIRONMENT");
        self.text("An option on the command line wins over its variable. An empty variable counts as not set.");
        let name = self.name;
        let is_read = |commands: &[&str]| name.is_empty() || commands.contains(&name);
        for variable in READ.iter().filter(|it| is_read(it.commands)) {
            self.entry(vec![bold(variable.name)], variable.meaning);
        }
        if is_read(&["acquire"]) {
            self.roff.control("PP", []);
            self.text("The command that lockhost acquire runs gets these variables:");
            self.entries(&SET);
        }
    }

    fn files(&mut self) {
        if !self.name.is_empty() && !USE_FILES.contains(&self.name) {
            return;
        }
        self.section("FILES");
        for (path, meaning) in FILES {
            self.entry(vec![italic(path)], meaning);
        }
    }

    fn examples(&mut self) {
        self.section("EXAMPLES");
        for (nth, (line, effect)) in page(self.name).examples.iter().enumerate() {
            if nth > 0 {
                self.roff.control("PP", []);
            }
            self.text(&format!("{effect}:"));
            self.roff.control("PP", []);
            self.roff.control("RS", ["4"]);
            self.roff.control("EX", []);
            self.roff.text([roman(*line)]);
            self.roff.control("EE", []);
            self.roff.control("RE", []);
        }
    }

    fn references(&mut self) {
        self.section("SEE ALSO");
        let own = [""].into_iter().chain(COMMANDS);
        let own = own
            .filter(|name| *name != self.name)
            .map(|name| format!("{}(1)", title(name)));
        let others = see_also(self.name).iter().map(|page| (*page).to_owned());
        let pages: Vec<_> = own.chain(others).collect();
        let mut line = Vec::new();
        for (nth, page) in pages.iter().enumerate() {
            let (title, section) = page.split_once('(').expect("a page has a section");
            let end = if nth + 1 < pages.len() { ", " } else { "" };
            line.extend([bold(title), roman(format!("({section}{end}"))]);
        }
        self.roff.text(line);
    }
}

/// Returns an about as the line of a name has it.
fn lower(about: &str) -> String {
    let mut characters = about.chars();
    let first = characters.next().map(|it| it.to_lowercase().to_string());
    first.unwrap_or_default() + characters.as_str()
}

/// Returns a form of a usage, its literals bold and its placeholders italic.
fn form_of_usage(form: &str) -> Vec<Inline> {
    let mut line = Vec::new();
    for word in form.split(' ') {
        if !line.is_empty() {
            line.push(roman(" "));
        }
        let Some(begin) = word.find(|it: char| it.is_ascii_uppercase()) else {
            line.push(bold(word));
            continue;
        };
        let rest = &word[begin..];
        let end = rest
            .find(|it: char| !it.is_ascii_uppercase())
            .unwrap_or(rest.len());
        // The angle brackets around a placeholder are italics in a manual.
        let (before, after) = (word[..begin].replace('<', ""), rest[end..].replace('>', ""));
        line.extend([roman(before), italic(&rest[..end]), roman(after)]);
    }
    line
}

/// Returns the names of an option, with its value.
fn header(option: &Arg) -> Vec<Inline> {
    let takes_value = option.get_action().takes_values();
    let value = option.get_value_names().and_then(|names| names.first());
    let value = value.filter(|_| takes_value).map(ToString::to_string);
    let is_optional = option.get_num_args().expect("built").min_values() == 0;
    let mut line = Vec::new();
    if let Some(short) = option.get_short() {
        line.push(bold(format!("-{short}")));
        if let Some(value) = &value {
            line.extend([roman(" "), italic(value)]);
        }
        line.push(roman(", "));
    }
    line.push(bold(format!(
        "--{}",
        option.get_long().expect("each option has one")
    )));
    match value {
        Some(value) if is_optional => line.extend([roman("[="), italic(value), roman("]")]),
        Some(value) => line.extend([roman("="), italic(value)]),
        None => {}
    }
    line
}
