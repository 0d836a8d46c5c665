//! What may be wrong with one service.

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// Others take its processor: it reads full, and all it does takes longer.
    ProcessorTaken,
    /// Something burns its processor, and nobody waits for it.
    ProcessorBurnt,
    /// Its memory fills up.
    MemoryFills,
    /// Every message to and from it takes longer.
    NetworkSlow,
    /// Some messages to and from it are sent again, a few are lost.
    NetworkLoses,
    /// An operation fails halfway: its span is in error and a record says so.
    Throws,
    /// It fails halfway; only a record says so.
    ThrowsIntoLogOnly,
    /// It fails halfway; only whoever called it is in error.
    ThrowsAtCallerOnly,
    /// It returns halfway with something wrong; nothing says so.
    ReturnsEarly,
    /// One of its calls is not made any more.
    SkipsCall,
    /// It fails halfway and catches it itself: one word at an everyday severity, an answer as if all were well.
    Swallows,
    /// It is gone: whoever calls it is refused, and nothing is heard of it.
    Vanishes,
}

impl Fault {
    pub const ALL: [Fault; 12] = [
        Fault::ProcessorTaken,
        Fault::ProcessorBurnt,
        Fault::MemoryFills,
        Fault::NetworkSlow,
        Fault::NetworkLoses,
        Fault::Throws,
        Fault::ThrowsIntoLogOnly,
        Fault::ThrowsAtCallerOnly,
        Fault::ReturnsEarly,
        Fault::SkipsCall,
        Fault::Vanishes,
        Fault::Swallows,
    ];
}
