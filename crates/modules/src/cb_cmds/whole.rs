//! Changes that touch everything a server has: globals, definitions, classes, earlier revisions. What each server gets
//! before and after is resolved as a whole, for rare writes only: it takes as long as two full pulls.

use std::collections::BTreeSet;

use backend::{Change, Preview, ServerSelector};
use base::ServerTag;
use config::{Protocol, Written};

use super::Call;
use super::args::Refusal;
use super::check::{Faults, problems};

impl<P: Protocol> Call<'_, P> {
    /// What would be wrong afterwards on servers that see a difference, and is not now.
    pub(crate) async fn whole_runs(&self, what: &str, changes: &[Change]) -> Result<Vec<String>, Refusal> {
        let preview = self.backend()?.preview(changes.to_vec(), None).await?;
        let mut targets = tags_of(&preview);
        let own = self.host.tag();
        if targets.contains(&ServerTag::all()) {
            // Those with nothing of their own are as `all`.
            targets.extend(self.backend()?.apart().await?);
            if !own.is_empty() {
                targets.insert(own.clone());
            }
        }
        let file = self.host.file();
        let mut faults = Faults::default();
        for tag in targets {
            // One at a time: all objects of all servers at once may be more than fits.
            let preview = self.backend()?.preview(changes.to_vec(), Some(tag.clone())).await?;
            let Some((before, after)) = preview.server else { continue };
            let selector = ServerSelector::of(std::slice::from_ref(&tag));
            let none = Written::default();
            let base = file.as_deref().filter(|_| tag == own).unwrap_or(&none);
            let texts = |objects| problems(backend::merge(base, objects, &selector));
            faults.note(&tag, texts(&after), || texts(&before));
        }
        Ok(faults.texts(what))
    }
}

/// Who has an object that is touched, before or after.
fn tags_of(preview: &Preview) -> BTreeSet<ServerTag> {
    let images = preview.objects.iter().flat_map(|t| [&t.before, &t.after]).flatten();
    images.flat_map(|image| &image.tags).cloned().collect()
}
