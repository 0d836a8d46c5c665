//! Series as a whole in the database, so that a server that starts reads one row of an objective
//! and not thousands. What a pack holds is in the slices, too: one that is damaged is left aside.

use super::{Held, One, load::Begun};
use crate::{
    domain::slo::series::Series,
    server::store::{Kept, PackHead, Since, Store, StoreError},
};
use base64::{Engine, prelude::BASE64_STANDARD_NO_PAD};
use std::sync::Arc;

/// Fewer slices than this are as soon read one by one.
const WORTH_IT: usize = 500;
/// A pack is made anew once so many slices would have to be read on top of it.
const MOST_BEHIND: usize = 500;
/// Fast; most columns hold little that differs.
const LEVEL: i32 = 1;
/// What a pack may unpack to: thirteen months of minutes, which are never held, are 13 MB.
const MOST_BYTES: usize = 32 * 1024 * 1024;

/// What a pack says of an objective, nothing left out of it yet.
pub async fn begun(store: &Store, kept: &Kept, head: &PackHead) -> Result<Option<Begun>, StoreError> {
    let Some(body) = store.slice_pack(kept.number, head).await? else { return Ok(None) };
    let (method, slice_s) = (kept.objective.draft.method, kept.objective.draft.slice_s);
    let unpacked = tokio::task::spawn_blocking(move || Series::of_bytes(method, slice_s, &unpack(&body)?)).await.ok().flatten();
    if unpacked.is_none() {
        tracing::warn!(objective = kept.objective.draft.name, "a packed series cannot be read; its slices are");
    }
    Ok(unpacked.map(|series| Begun { series, rev: head.rev, from_s: head.from_s, is_laid_out: false }))
}

/// Packs what is held, where the pack that there is lacks much of it.
pub async fn keep(store: &Store, held: &Held) -> Result<(), StoreError> {
    let packs = store.slice_packs().await?;
    for one in held.all().filter(|one| !one.is_composed() && one.series().len() >= WORTH_IT) {
        if !is_due(store, one, packs.get(&one.number())).await? {
            continue;
        }
        let head = PackHead { generation: one.objective().generation, rev: one.rev, from_s: one.from_s };
        let packed = one.clone();
        let packed: Result<std::io::Result<String>, _> = tokio::task::spawn_blocking(move || pack(&packed.series.to_bytes())).await;
        match packed {
            Ok(Ok(body)) => store.keep_slice_pack(one.number(), &head, body).await?,
            Ok(Err(_)) | Err(_) => tracing::warn!(objective = one.objective().draft.name, "a series could not be packed"),
        }
    }
    Ok(())
}

async fn is_due(store: &Store, one: &Arc<One>, head: Option<&PackHead>) -> Result<bool, StoreError> {
    let Some(head) = head.filter(|head| head.generation == one.objective().generation && head.from_s == one.from_s) else { return Ok(true) };
    if head.rev == one.rev {
        return Ok(false);
    }
    Ok(match store.slices_changed_since(one.number(), head.rev).await? {
        Since::Within { from_s, to_s } => one.series().pieces(from_s, to_s).count() > MOST_BEHIND,
        Since::Anything => true,
    })
}

fn pack(bytes: &[u8]) -> std::io::Result<String> {
    Ok(BASE64_STANDARD_NO_PAD.encode(zstd::bulk::compress(bytes, LEVEL)?))
}

fn unpack(body: &str) -> Option<Vec<u8>> {
    let packed = BASE64_STANDARD_NO_PAD.decode(body).ok()?;
    let size = usize::try_from(zstd::zstd_safe::get_frame_content_size(&packed).ok()??).ok()?;
    zstd::bulk::decompress(&packed, size.min(MOST_BYTES)).ok()
}
