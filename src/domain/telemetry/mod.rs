//! What is seen of calls between services: readings in, figures, differences and shapes out.

pub mod waterfall;
