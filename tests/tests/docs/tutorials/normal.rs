//! What differs from run to run, replaced by what the pages show.

/// The pids that pages show, in the order of their first mention.
const PIDS: [u32; 8] = [3061, 3072, 3083, 3094, 3105, 3116, 3127, 3138];

/// What an identity has behind its pid.
const IDENTITY: &str = "s1507795-t4026531834-b0123456789abcdef0123456789abcdef-n4026531836-eef53";

/// Returns what a page shows for this output of programs in this place.
pub(super) fn normalised(output: &str, place: &str) -> String {
    let mut pids = Pids(Vec::new());
    let mut text = String::new();
    for line in output.replace(place, "/home/alice").lines() {
        let line = match line.strip_prefix("  user ") {
            Some(_) => "  user       1000 (alice)",
            None => line,
        };
        text += &pids.without_times(&without_ages(line));
        text.push('\n');
    }
    for kind in ["tmpfs", "xfs", "btrfs", "overlayfs", "overlay"] {
        text = text.replace(&format!("({kind})"), "(ext4)");
    }
    text
}

/// Replaces times that are relative, as in `(2s ago)`.
fn without_ages(line: &str) -> String {
    match line.split_once(" ago)") {
        Some((before, rest)) => {
            let begin = before.rfind('(').map_or(0, |at| at + 1);
            format!("{}3m 20s ago){}", &before[..begin], without_ages(rest))
        }
        None => line.to_owned(),
    }
}

/// The pids of the run.
struct Pids(Vec<u32>);

impl Pids {
    fn shown(&mut self, digits: &str) -> String {
        let pid = digits.parse().expect("a pid");
        // It is process 1 everywhere.
        if pid == 1 {
            return "1".into();
        }
        let place = self.0.iter().position(|it| *it == pid);
        let place = place.unwrap_or_else(|| {
            self.0.push(pid);
            self.0.len() - 1
        });
        PIDS[place].to_string()
    }

    /// Replaces pids, identities and times.
    fn without_times(&mut self, line: &str) -> String {
        let (mut made, mut rest) = (String::new(), line);
        while !rest.is_empty() {
            let is_word = |char: char| char.is_ascii_alphanumeric() || "-_.:@".contains(char);
            let end = rest.find(|char| !is_word(char)).unwrap_or(rest.len());
            let word = rest[..end].trim_end_matches(['.', ':']);
            if word.is_empty() {
                let char = rest.chars().next().expect("it is not empty");
                made.push(char);
                rest = &rest[char.len_utf8()..];
                continue;
            }
            let word_in_page = self.word(&made, word);
            made += &word_in_page;
            rest = &rest[word.len()..];
        }
        made
    }

    /// Replaces one word that follows this text.
    fn word(&mut self, before: &str, word: &str) -> String {
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
        let follows = |words: [&str; 2]| words.iter().any(|it| before.ends_with(it));
        if is_number(word) && follows(["pid ", "kill "]) {
            return self.shown(word);
        }
        if let Some((pid, _)) = word.split_once('@').filter(|(pid, _)| is_number(pid)) {
            return format!("{}@1764106571.68031933", self.shown(pid));
        }
        if let Some((prefix, identity)) = word.split_once("1-p")
            && (prefix.is_empty() || prefix.ends_with('.'))
            && let Some((pid, _)) = identity.split_once('-')
        {
            return format!("{prefix}1-p{}-{IDENTITY}", self.shown(pid));
        }
        time(word).unwrap_or_else(|| word.to_owned())
    }
}

/// Returns the page's time if this is one.
fn time(word: &str) -> Option<String> {
    let digit = |char: char| if char.is_ascii_digit() { '0' } else { char };
    let form: String = word.chars().map(digit).collect();
    let zone = if form.ends_with('Z') { "Z" } else { "" };
    let form = form.trim_end_matches('Z').split('.').next()?;
    match form {
        "0000-00-00T00:00:00" => Some(format!("2026-11-25T21:36:11{zone}")),
        "00:00:00" => Some(format!("21:36:11{zone}")),
        _ => None,
    }
}

#[test]
fn pids_and_times_become_those_of_the_page() {
    let run = "a (pid 77), since 2027-01-02T03:04:05.678Z (1m 2s ago); kill 77, sleep 77, pid 1, pid 88, in 3s.\n\
               /tmp/x/tinyforge.lock.1-p77-s5-t0-b0f-n9-eef53: at 01:02:03, 77@123.456 (tmpfs)\n  user       0 (root)\n";
    let page = "a (pid 3061), since 2026-11-25T21:36:11Z (3m 20s ago); kill 3061, sleep 77, pid 1, pid 3072, in 3s.\n\
                /home/alice/tinyforge.lock.1-p3061-s1507795-t4026531834-b0123456789abcdef0123456789abcdef-n4026531836-eef53: \
                at 21:36:11, 3061@1764106571.68031933 (ext4)\n  user       1000 (alice)\n";
    assert_eq!(normalised(run, "/tmp/x"), page);
}
