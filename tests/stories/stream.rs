//! The numbers of the live stream.

use crate::{databases::NOON, people_at_work::*, story};
use tocsin::{
    domain::boards::Happening,
    server::store::{CatchUp, Store},
};

story! {
    async fn listeners_hear_every_change_in_order_and_can_catch_up(fresh) {
        let store = &fresh.store;
        let mut listener = store.subscribe();
        let declared = declared(store, "Card payments fail", &mara()).await;
        done(told(store, declared.id, note("one"), &jonas()).await);
        store.intake(delivery(NOON, vec![fire("a", "checkout", NOON)])).await.unwrap();
        let mut heard = vec![];
        while let Ok(batch) = listener.try_recv() {
            heard.extend(batch.iter().cloned());
        }
        let latest = store.latest_seq().await.unwrap();
        assert_eq!(heard.iter().map(|change| change.seq).collect::<Vec<_>>(), (1..=latest).collect::<Vec<_>>());
        assert!(heard.iter().all(|change| serde_json::from_str::<Happening>(&change.payload).is_ok()));
        let CatchUp::Changes(read) = store.changes_after(0, 100).await.unwrap() else { panic!("nothing was pruned") };
        assert_eq!(read, heard);
        assert_eq!(store.changes_after(latest, 100).await.unwrap(), CatchUp::Changes(vec![]));
        assert_eq!(store.changes_after(latest + 5, 100).await.unwrap(), CatchUp::Reset { latest });
    }
}

story! {
    async fn what_another_process_writes_is_heard_in_order(fresh) {
        let store = &fresh.store;
        let other = Store::open(&fresh.url, fresh.clock.clone()).await.unwrap();
        let mut listener = store.subscribe();
        let declared = declared(store, "Here", &mara()).await;
        done(told(&other, declared.id, note("there"), &jonas()).await);
        done(told(store, declared.id, note("here again"), &mara()).await);
        done(told(&other, declared.id, note("and there"), &jonas()).await);
        store.poll_foreign_changes().await.unwrap();
        let mut heard = vec![];
        while let Ok(batch) = listener.try_recv() {
            heard.extend(batch.iter().map(|change| change.seq));
        }
        assert_eq!(heard, [1, 2, 3, 4]);
        assert_eq!(incident(store, declared.id).await.version, 4);
        assert!(store.verify(true).await.unwrap().faults.is_empty());
    }
}
