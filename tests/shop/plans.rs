//! Who calls whom, and what each does when it is called.

/// What an operation does, in order. Times are medians in microseconds.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    /// Inner work with a span of its own.
    Work(&'static str, f64),
    /// Work without a span.
    Busy(f64),
    /// A call to what sends no spans itself.
    Store(&'static str, f64),
    /// A call; how often it is made on average (1.0: always, once).
    Call(&'static str, &'static str, f64),
    /// A record; `~` stands where a value would.
    Log(&'static str),
}

use Act::{Busy, Call, Log, Store, Work};

pub struct Operation {
    pub service: &'static str,
    pub name: &'static str,
    pub acts: &'static [Act],
}

pub struct System {
    /// What people do, and how often one does it against the others.
    pub journeys: &'static [(&'static str, &'static str, f64)],
    pub operations: &'static [Operation],
    /// Services with more than one instance.
    pub instances: &'static [(&'static str, usize)],
    /// Services that are held back by their limit in this share of calls: those let calls wait
    /// before they take them, the others while they work.
    pub held_back: &'static [(&'static str, f64, Waits)],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waits {
    Before,
    Within,
}

impl System {
    pub fn operation(&self, service: &str, name: &str) -> Option<&'static Operation> {
        self.operations.iter().find(|operation| operation.service == service && operation.name == name)
    }

    pub fn services(&self) -> Vec<&'static str> {
        let mut services: Vec<_> = self.operations.iter().map(|operation| operation.service).collect();
        services.sort_unstable();
        services.dedup();
        services
    }

    pub fn instances(&self, service: &str) -> usize {
        self.instances.iter().find(|known| known.0 == service).map_or(1, |known| known.1)
    }
}

const fn op(service: &'static str, name: &'static str, acts: &'static [Act]) -> Operation {
    Operation { service, name, acts }
}

/// A web shop of a dozen services behind one front page.
pub static SHOP: System = System {
    journeys: &[("web", "/", 3.0), ("web", "/item", 6.0), ("web", "/basket", 3.0), ("web", "/order", 1.2), ("web", "/currency", 1.0)],
    instances: &[("web", 2), ("catalog", 2), ("currency", 1)],
    held_back: &[("currency", 0.3, Waits::Before), ("catalog", 0.05, Waits::Within), ("ads", 0.04, Waits::Within)],
    operations: &[
        op(
            "web",
            "/",
            &[
                Log("home asked ~"),
                Busy(300.0),
                Call("currency", "list", 1.0),
                Call("catalog", "list", 1.0),
                Call("basket", "get", 1.0),
                Call("currency", "convert", 6.0),
                Call("ads", "pick", 1.0),
                Log("home shown ~"),
            ],
        ),
        op(
            "web",
            "/item",
            &[
                Log("item asked ~"),
                Busy(250.0),
                Call("catalog", "get", 1.0),
                Call("currency", "list", 1.0),
                Call("basket", "get", 1.0),
                Call("currency", "convert", 1.0),
                Call("advice", "suggest", 1.0),
                Call("catalog", "get", 4.0),
                Call("ads", "pick", 1.0),
                Log("item shown ~"),
            ],
        ),
        op("web", "/basket", &[Log("basket asked ~"), Busy(250.0), Call("catalog", "get", 1.0), Call("basket", "add", 1.0), Log("basket shown ~")]),
        op("web", "/order", &[Log("order asked ~"), Busy(400.0), Call("checkout", "place", 1.0), Call("advice", "suggest", 1.0), Log("order shown ~")]),
        op("web", "/currency", &[Busy(120.0), Log("currency set ~")]),
        op(
            "checkout",
            "place",
            &[
                Log("order ~ begins"),
                Busy(600.0),
                Call("basket", "get", 1.0),
                Call("catalog", "get", 2.0),
                Call("currency", "convert", 2.0),
                Call("shipping", "quote", 1.0),
                Log("charging card ~"),
                Call("payment", "charge", 1.0),
                Log("charged ~"),
                Call("shipping", "ship", 1.0),
                Call("basket", "empty", 1.0),
                Call("mail", "confirm", 1.0),
                Log("order ~ placed"),
            ],
        ),
        op("catalog", "list", &[Log("listing"), Work("read catalog", 800.0), Store("sql.query", 700.0), Log("listed ~")]),
        op("catalog", "get", &[Log("looking up ~"), Busy(300.0), Store("sql.query", 500.0), Log("found")]),
        op("currency", "list", &[Busy(250.0), Work("rates", 600.0), Log("currencies listed")]),
        op("currency", "convert", &[Busy(200.0), Work("rates", 900.0), Work("carry", 60.0), Log("converted ~")]),
        op("basket", "get", &[Busy(200.0), Store("HGET", 900.0), Log("basket of ~ read")]),
        op("basket", "add", &[Busy(200.0), Store("HSET", 1200.0), Log("basket of ~ changed")]),
        op("basket", "empty", &[Busy(200.0), Store("DEL", 900.0), Log("basket of ~ emptied")]),
        op("ads", "pick", &[Log("ads for ~"), Work("random ads", 1500.0), Store("SELECT ads", 800.0), Log("ads picked")]),
        op("advice", "suggest", &[Log("suggesting"), Call("catalog", "list", 1.0), Busy(2500.0), Log("suggested ~")]),
        op("payment", "charge", &[Log("charge asked"), Busy(1500.0), Log("charge done ~")]),
        op("shipping", "quote", &[Log("quote asked"), Busy(700.0), Log("quote done ~")]),
        op("shipping", "ship", &[Log("shipment asked"), Busy(900.0), Log("shipment done ~")]),
        op("mail", "confirm", &[Log("mail asked"), Busy(2200.0), Log("mail sent to ~")]),
    ],
};

/// A ticket office of some thirty services, with long chains and one gateway.
pub static TICKETS: System = System {
    journeys: &[
        ("gateway", "/search", 4.0),
        ("gateway", "/search-slow", 1.5),
        ("gateway", "/book", 2.0),
        ("gateway", "/pay", 1.5),
        ("gateway", "/login", 2.0),
        ("gateway", "/rebook", 0.8),
        ("gateway", "/food", 2.0),
        ("gateway", "/parcel", 0.8),
        ("gateway", "/execute", 1.0),
    ],
    instances: &[("basic", 2), ("order", 2)],
    held_back: &[("seat", 0.1, Waits::Within), ("station", 0.03, Waits::Before)],
    operations: &[
        op("gateway", "/search", &[Busy(700.0), Call("travel", "query", 1.0)]),
        op("gateway", "/search-slow", &[Busy(700.0), Call("travel2", "query", 1.0)]),
        op("gateway", "/book", &[Busy(700.0), Call("preserve", "book", 1.0)]),
        op("gateway", "/pay", &[Busy(700.0), Call("inside-payment", "pay", 1.0)]),
        op("gateway", "/login", &[Busy(700.0), Call("verification", "code", 1.0), Call("auth", "login", 1.0)]),
        op("gateway", "/rebook", &[Busy(700.0), Call("rebook", "rebook", 1.0)]),
        op("gateway", "/food", &[Busy(700.0), Call("food", "all", 1.0)]),
        op("gateway", "/parcel", &[Busy(700.0), Call("consign", "create", 1.0)]),
        op("gateway", "/execute", &[Busy(700.0), Call("execute", "execute", 1.0)]),
        op(
            "travel",
            "query",
            &[
                Log("t.Travel#51 query"),
                Work("TravelController.query", 900.0),
                Store("SELECT trip", 800.0),
                Call("basic", "travel", 2.0),
                Call("seat", "left", 2.0),
                Log("t.Travel#88 found ~"),
            ],
        ),
        op(
            "travel",
            "detail",
            &[
                Log("t.Travel#102 detail"),
                Work("TravelController.detail", 700.0),
                Store("SELECT trip", 700.0),
                Call("basic", "travel", 1.0),
                Call("seat", "left", 1.0),
                Log("t.Travel#131 detail ~"),
            ],
        ),
        op(
            "travel2",
            "query",
            &[
                Log("t.Travel2#51 query"),
                Work("Travel2Controller.query", 900.0),
                Store("SELECT trip2", 800.0),
                Call("basic", "travel", 2.0),
                Call("seat", "left", 2.0),
                Log("t.Travel2#88 found ~"),
            ],
        ),
        op(
            "basic",
            "travel",
            &[
                Log("b.Basic#100 travel ~"),
                Work("BasicController.travel", 600.0),
                Call("station", "id", 2.0),
                Call("train", "type", 1.0),
                Call("route", "get", 1.0),
                Call("price", "get", 1.0),
                Log("b.Basic#119 done ~"),
            ],
        ),
        op("station", "id", &[Work("StationController.id", 400.0), Store("SELECT station", 700.0), Log("s.Station#40 station ~")]),
        op("train", "type", &[Work("TrainController.type", 400.0), Store("SELECT train", 600.0), Log("t.Train#61 train ~")]),
        op("route", "get", &[Log("r.Route#45 asked ~"), Work("RouteController.get", 500.0), Store("SELECT route", 1000.0), Log("r.Route#53 route ~")]),
        op("price", "get", &[Log("p.Price#40 asked"), Work("PriceController.get", 500.0), Store("SELECT price", 1600.0), Log("p.Price#46 price ~")]),
        op(
            "seat",
            "left",
            &[Log("s.Seat#90 left"), Work("SeatController.left", 800.0), Call("order", "tickets", 1.0), Call("config", "get", 1.0), Log("s.Seat#120 left ~")],
        ),
        op("config", "get", &[Work("ConfigController.get", 300.0), Store("SELECT config", 500.0), Log("c.Config#33 config ~")]),
        op("order", "tickets", &[Work("OrderController.tickets", 600.0), Store("SELECT orders", 2400.0), Log("o.Order#384 tickets ~")]),
        op("order", "create", &[Log("o.Order#60 create"), Work("OrderController.create", 600.0), Store("INSERT orders", 1800.0), Log("o.Order#71 created ~")]),
        op("order", "get", &[Work("OrderController.get", 500.0), Store("SELECT orders", 900.0), Log("o.Order#103 order ~")]),
        op("order", "security", &[Work("OrderController.security", 500.0), Store("SELECT orders", 1900.0), Log("o.Order#140 checked ~")]),
        op(
            "preserve",
            "book",
            &[
                Log("p.Preserve#70 book ~"),
                Work("PreserveController.book", 1500.0),
                Call("security", "check", 1.0),
                Call("contacts", "get", 1.0),
                Call("travel", "detail", 1.0),
                Call("basic", "travel", 1.0),
                Call("seat", "left", 1.0),
                Call("order", "create", 1.0),
                Call("assurance", "create", 0.4),
                Call("user", "get", 1.0),
                Call("notification", "send", 1.0),
                Log("p.Preserve#210 booked ~"),
            ],
        ),
        op(
            "security",
            "check",
            &[
                Log("s.Security#30 check"),
                Work("SecurityController.check", 700.0),
                Call("order", "security", 1.0),
                Store("SELECT security", 900.0),
                Log("s.Security#61 checked ~"),
            ],
        ),
        op(
            "contacts",
            "get",
            &[Log("c.Contacts#31 asked"), Work("ContactsController.get", 500.0), Store("SELECT contacts", 900.0), Log("c.Contacts#34 contact ~")],
        ),
        op("assurance", "create", &[Work("AssuranceController.create", 500.0), Store("INSERT assurance", 900.0), Log("a.Assurance#55 created ~")]),
        op("user", "get", &[Work("UserController.get", 500.0), Store("SELECT user", 800.0), Log("u.User#44 user ~")]),
        op("notification", "send", &[Log("n.Notification#21 send"), Work("NotificationController.send", 900.0), Log("n.Notification#40 sent ~")]),
        op(
            "inside-payment",
            "pay",
            &[Log("i.Inside#33 pay ~"), Work("InsideController.pay", 800.0), Call("order", "get", 1.0), Call("payment", "pay", 1.0), Log("i.Inside#71 paid ~")],
        ),
        op("payment", "pay", &[Log("p.Payment#20 pay"), Work("PaymentController.pay", 900.0), Store("INSERT payment", 900.0), Log("p.Payment#36 paid ~")]),
        op("verification", "code", &[Log("v.Verify#114 code"), Work("VerifyController.code", 2500.0), Log("v.Verify#132 code ~")]),
        op("auth", "login", &[Log("a.Auth#50 login"), Work("AuthController.login", 3500.0), Call("user", "get", 1.0), Log("a.Auth#77 token ~")]),
        op(
            "rebook",
            "rebook",
            &[
                Log("r.Rebook#40 rebook"),
                Work("RebookController.rebook", 1200.0),
                Call("order", "get", 1.0),
                Call("travel", "detail", 1.0),
                Call("seat", "left", 1.0),
                Call("inside-payment", "pay", 0.5),
                Log("r.Rebook#99 rebooked ~"),
            ],
        ),
        op(
            "food",
            "all",
            &[
                Log("f.Food#214 all"),
                Work("FoodController.all", 900.0),
                Call("train-food", "get", 1.0),
                Log("f.Food#243 train food"),
                Call("travel", "detail", 1.0),
                Call("station-food", "get", 1.0),
                Log("f.Food#290 food ~"),
            ],
        ),
        op("train-food", "get", &[Work("TrainFoodController.get", 500.0), Store("SELECT train_food", 900.0), Log("t.TrainFood#37 food ~")]),
        op("station-food", "get", &[Work("StationFoodController.get", 500.0), Store("SELECT station_food", 900.0), Log("s.StationFood#46 food ~")]),
        op(
            "consign",
            "create",
            &[
                Log("c.Consign#30 create"),
                Work("ConsignController.create", 700.0),
                Call("consign-price", "get", 1.0),
                Store("INSERT consign", 900.0),
                Log("c.Consign#61 created ~"),
            ],
        ),
        op("consign-price", "get", &[Work("ConsignPriceController.get", 400.0), Store("SELECT consign_price", 600.0), Log("c.ConsignPrice#28 price ~")]),
        op(
            "execute",
            "execute",
            &[Log("e.Execute#30 execute"), Work("ExecuteController.execute", 700.0), Call("order", "get", 1.0), Log("e.Execute#66 executed ~")],
        ),
    ],
};
