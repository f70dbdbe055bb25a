//! Names that plugins look up with `envoy_resolve_dns`: a function of Envoy's own, beside the ABI.
//!
//! Nothing is looked up anywhere: addresses are themselves, `localhost` is the loopback address, other names are as the
//! test says, or unknown. The answer comes when the callback that asked has returned. Envoy 1.40 gives the answers that
//! its resolver has at once (addresses, the hosts file) inside the hostcall instead (observed).

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use super::Proxy;
use super::chain::Drive;
use super::context::ContextRef;
use super::effect::Effect;
use super::guest::{Guest, Invocation};
use super::ids::VmIndex;
use crate::abi::{CallbackId, Status};

impl Proxy {
    /// The token of a lookup that has been asked for; they count from 2, by VM.
    pub(crate) fn next_dns_token(&mut self, vm: VmIndex) -> u32 {
        let vm = self.vm_mut(vm);
        vm.dns_token += 1;
        vm.dns_token
    }

    /// Looks a name up for the effective context's plugin.
    ///
    /// # Errors
    ///
    /// [`Status::NotFound`]: the plugin has gone.
    pub(crate) fn resolve_dns(&mut self, vm: VmIndex, name: &[u8], token: u32) -> Result<(), Status> {
        let context = self.effective_plugin_context(vm).ok_or(Status::NotFound)?;
        let answer = serialized(&self.addresses(name));
        self.vm_mut(vm).effects.push_back(Effect::Resolved { context, token, answer });
        Ok(())
    }

    fn addresses(&self, name: &[u8]) -> Vec<IpAddr> {
        let Ok(name) = std::str::from_utf8(name) else { return Vec::new() };
        if let Some(addresses) = self.dns.get(name) {
            return addresses.clone();
        }
        match name {
            "localhost" => vec![Ipv6Addr::LOCALHOST.into()],
            _ => name.parse().into_iter().collect(),
        }
    }
}

/// The number of addresses, then a time to live of each, which is 0, then their text with port 0 and a NUL each.
fn serialized(addresses: &[IpAddr]) -> Vec<u8> {
    let mut out = (addresses.len() as u32).to_le_bytes().to_vec();
    out.resize(4 + 4 * addresses.len(), 0);
    for address in addresses {
        out.extend_from_slice(SocketAddr::new(*address, 0).to_string().as_bytes());
        out.push(0);
    }
    out
}

impl<G: Guest> Drive<'_, G> {
    /// Gives the answer of a lookup, which is call data while the callback runs.
    pub(crate) fn resolved(&mut self, vm: VmIndex, context: u32, token: u32, answer: Vec<u8>) {
        if !matches!(self.proxy.vm(vm).context(context), Some(ContextRef::Plugin(_))) {
            return;
        }
        let size = answer.len() as u32;
        let Some(view) = self.proxy.view_of(vm, context) else { return };
        view.call_data = Some(answer);
        self.proxy.vm_mut(vm).effects.push_back(Effect::CloseCall { context, ended: None });
        self.call(vm, Invocation::new(CallbackId::ResolveDns, &[context, token, size]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Envoy 1.40 wrote them.
    #[test]
    fn answers_are_written_one_after_the_other() {
        assert_eq!(serialized(&[]), [0; 4]);
        assert_eq!(serialized(&[Ipv6Addr::LOCALHOST.into()]), b"\x01\0\0\0\0\0\0\0[::1]:0\0");
        let two = [Ipv6Addr::LOCALHOST.into(), IpAddr::from([1, 2, 3, 4])];
        assert_eq!(serialized(&two), b"\x02\0\0\0\0\0\0\0\0\0\0\0[::1]:0\x001.2.3.4:0\0");
    }
}
