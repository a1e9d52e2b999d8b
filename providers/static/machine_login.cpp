#include "providers/static/machine_login.hpp"

#include <fmt/format.h>

#include <charconv>

#include "core/ownership.hpp"
#include "core/script_error.hpp"

namespace hatchery::providers {

namespace {

constexpr const char* script_name = "static_machine.sh";

/// What holds a machine: an allocation without our label holds it for nobody.
std::string holder(const ports::Allocation& allocation) {
    const auto installation = allocation.request.labels.find(core::label_installation);
    const bool known = installation != allocation.request.labels.end();
    return fmt::format("{} {}", known ? installation->second : "none", allocation.number);
}

}  // namespace

std::int64_t allocation_number(const std::string& id) {
    const auto dot = id.rfind('.');
    if (dot == std::string::npos) return 0;
    std::int64_t number = 0;
    const char* end = id.data() + id.size();
    const auto read = std::from_chars(id.data() + dot + 1, end, number);
    return read.ec == std::errc{} && read.ptr == end ? number : 0;
}

base::Result<void> MachineLogin::prepare(const ports::Allocation& allocation,
                                         const base::Call& call) const {
    return run(
        fmt::format("prepare {} '{}'", holder(allocation), allocation.request.authorized_key),
        call);
}

base::Result<void> MachineLogin::wipe(const ports::Allocation& allocation,
                                      const base::Call& call) const {
    return run(fmt::format("wipe {}", holder(allocation)), call);
}

base::Result<void> MachineLogin::run(const std::string& arguments, const base::Call& call) const {
    const ports::SshTarget target{.host = machine_.host,
                                  .port = machine_.port,
                                  .user = machine_.user,
                                  .host_keys = {machine_.host_key},
                                  .private_key = machine_.private_key};
    const bool is_root = machine_.user == "root";
    const auto done =
        hosts_.exec(target,
                    {.command = fmt::format("{}bash -s {}", is_root ? "" : "sudo -n ", arguments),
                     .input = script_},
                    call);
    if (!done) return base::fail(done.error());
    if (done->exit_code == 0 && done->signal.empty()) return {};
    return base::fail(core::script_error(script_name, done->exit_code));
}

std::string trouble_text(const base::Error& error) {
    return error.next_action.empty() ? error.message : error.message + " " + error.next_action;
}

}  // namespace hatchery::providers
