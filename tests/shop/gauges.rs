//! What instances measure of themselves, under the names that are usual in one place or another.

use super::{
    Fault, Reading,
    run::{Run, mark},
};

/// How many ways of naming there are.
pub const NAMES: usize = 4;

/// Processor and memory of an instance, what the network brought, the processor of its machine:
/// their names, and what a percent, a mebibyte and a byte are in their units.
const USUAL: [[(&str, f64); 4]; NAMES] = [
    [("cpu_usage_percent", 1.0), ("memory_usage_mib", 1.0), ("network_receive_bytes", 1.0), ("node_cpu_usage_percent", 1.0)],
    [("k8s.pod.cpu.usage", 0.01), ("k8s.pod.memory.working_set", 1_048_576.0), ("k8s.pod.network.io", 1.0), ("k8s.node.cpu.usage", 0.01)],
    [("CpuUsageRate(%)", 1.0), ("MemoryUsageRate(%)", 0.2), ("NetworkReceiveBytes", 1.0), ("NodeCpuUsageRate(%)", 1.0)],
    [("process.cpu.utilization", 0.01), ("process.memory.usage", 1_048_576.0), ("process.network.io", 1.0), ("system.cpu.utilization", 0.01)],
];

/// Bounds of a histogram that somebody reads a quantile from.
const STEPS: [f64; 6] = [0.0046, 0.0046, 0.0085, 0.0205, 0.0425, 0.205];

pub fn read(run: &mut Run<'_>) {
    let (ground, every) = (run.ground, run.ground.habits.readings_s.clamp(1, 60));
    let names = USUAL[ground.habits.gauges % NAMES];
    for service in ground.system.services() {
        for number in 0..ground.system.instances(service) {
            let sick = run.sick(service, number).map(|trouble| trouble.fault);
            if sick == Some(Fault::Vanishes) {
                continue;
            }
            let (name, instance) = (run.name(service), run.instance(service, number));
            // What is usual for an instance stays, and it creeps.
            let usual = mark(&instance);
            let readings = (ground.secs as i64 / every).max(1);
            for nth in 0..readings {
                let traffic = run.journeys.get((nth * every / 60) as usize).map_or(0.0, |journeys| *journeys as f64 / 60.0);
                let mut processor = (1.0 + 12.0 * usual * usual) * (0.4 + 0.6 * traffic / 4.0) * run.random.lognormal(1.0, 0.35);
                let at_s = nth * every + ground.habits.readings_at_s.min(every - 1);
                // A reading is over what came since the one before it, which may have been well.
                let ill = if ground.habits.readings_at_s > 5 { (at_s as f64 / every as f64).min(1.0) } else { 1.0 };
                // Everybody's memory creeps, for as long as nobody starts anew.
                let crept = if ground.restless { 1.0 + 0.0015 * (ground.from_micros / 60_000_000 - 560 + nth * every / 60) as f64 } else { 1.0 };
                let mut memory = (40.0 + 400.0 * mark(service)) * crept * (1.0 + 0.01 * run.random.normal());
                match sick {
                    Some(Fault::ProcessorTaken | Fault::ProcessorBurnt) => processor = (processor + ill * (75.0 + 15.0 * run.random.unit())).min(100.0),
                    Some(Fault::MemoryFills) => memory *= 1.0 + ill * (0.6 + 0.4 * (nth as f64 / readings as f64)),
                    _ => {}
                }
                let bytes = 4000.0 * (0.3 + usual) * traffic * run.random.lognormal(1.0, 0.25);
                let node = if ground.restless { [17.0, 75.0][(run.random.bits() % 2) as usize] } else { 15.0 } * run.random.lognormal(1.0, 0.1);
                let mut values: Vec<(&'static str, f64)> =
                    names.iter().zip([processor, memory, bytes, node]).map(|(name, value)| (name.0, value * name.1)).collect();
                if ground.restless {
                    values.push(("latency_p90_s", STEPS[(run.random.bits() % 6) as usize]));
                    values.push(("pauses", if run.random.chance(0.1) { 50.0 * run.random.unit() } else { 0.0 }));
                }
                for (metric, value) in values {
                    let at_micros = ground.from_micros + at_s * 1_000_000;
                    run.said.readings.push(Reading { at_micros, service: name.clone(), instance: instance.clone(), metric, value });
                }
            }
        }
    }
}
