#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <iostream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sandbox/cloud/api_service.hpp"
#include "sandbox/digitalocean/digitalocean_api.hpp"
#include "sandbox/hetzner/hetzner_api.hpp"
#include "sandbox/hosts/base_image.hpp"
#include "sandbox/hosts/fleet_switch.hpp"
#include "sandbox/hosts/instance.hpp"
#include "sandbox/hosts/namespaces.hpp"
#include "sandbox/hosts/real_fleet.hpp"
#include "sandbox/hosts/simulated_fleet.hpp"
#include "sandbox/model/model_service.hpp"
#include "sandbox/sign_in/sign_in_service.hpp"
#include "sandbox/telegram/telegram_service.hpp"

namespace {

using namespace hatchery::sandbox;

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;
constexpr std::chrono::milliseconds kSimulatedBootDelay{300};
constexpr long kParentPollNanoseconds = 300'000'000;
constexpr const char* kImageDir = "/var/cache/hatchery-sandbox";

constexpr const char* kHelp =
    R"(hatchery-sandbox: clouds on this machine. Serves Hetzner's and DigitalOcean's API over real isolated
hosts, Telegram's Bot API, a model API and a sign-in that believes everybody, and prints one JSON
line with their base URLs when ready.

  --listen HOST:PORT    where to listen; port 0 picks free ports, any other port P gives P (Hetzner),
                        P+1 (Telegram), P+2 (model), P+3 (sign-in) and P+4 (DigitalOcean).
                        Default 127.0.0.1:0
  --hosts real|none     real hosts (default; needs root), or the API alone with servers that are
                        nothing but their state
  --state-dir DIR       where hosts live; default /var/lib/hatchery-sandbox/N
  --image-dir DIR       where the base image is kept once built; default /var/cache/hatchery-sandbox
  --boot-delay-ms N     how long a new server stays "initializing" or "new" at least; default 0,
                        and 300 with --hosts none
  --ssh-port N          the port of servers' public addresses that leads to their SSH; default 22,
                        which a machine with an SSH server of its own needs for itself
  --die-with-parent     end when the starting process has ended
  --help                this text

Ends with SIGTERM or SIGINT and takes all hosts away. Logs go to standard error.
Exit codes: 0 ended by a signal, 1 failed, 2 wrong usage or something is missing.
)";

struct Options {
    std::string host = "127.0.0.1";
    int port = 0;
    bool real_hosts = true;
    std::string state_dir;
    std::string image_dir = kImageDir;
    std::optional<std::chrono::milliseconds> boot_delay;
    int ssh_port = 22;
    bool die_with_parent = false;
    bool help = false;
};

void log_line(const std::string& line) {
    static std::mutex mutex;
    const std::lock_guard lock(mutex);
    std::cerr << line << std::endl;
}

Result<int> parse_number(const std::string& option, const std::string& text, int highest) {
    int number = 0;
    const char* const end = text.data() + text.size();
    const auto [after, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{} || after != end || number < 0 || number > highest) {
        return failure(option + " takes a number from 0 to " + std::to_string(highest) + ", not '" +
                       text + "'");
    }
    return number;
}

Result<void> parse_listen(const std::string& text, Options& options) {
    const auto colon = text.rfind(':');
    if (colon == std::string::npos || colon == 0) {
        return failure("--listen takes HOST:PORT, not '" + text + "'");
    }
    // Room for the four ports that follow.
    const auto port = parse_number("--listen", text.substr(colon + 1), 65531);
    if (!port) {
        return failure(port.error());
    }
    options.host = text.substr(0, colon);
    options.port = *port;
    return {};
}

Result<void> apply_option(const std::string& name, const std::string& value, Options& options) {
    if (name == "--listen") {
        return parse_listen(value, options);
    }
    if (name == "--hosts") {
        if (value != "real" && value != "none") {
            return failure("--hosts takes real or none, not '" + value + "'");
        }
        options.real_hosts = value == "real";
        return {};
    }
    if (name == "--state-dir") {
        options.state_dir = value;
        return {};
    }
    if (name == "--image-dir") {
        options.image_dir = value;
        return {};
    }
    if (name == "--boot-delay-ms") {
        const auto delay = parse_number(name, value, 3'600'000);
        if (!delay) {
            return failure(delay.error());
        }
        options.boot_delay = std::chrono::milliseconds(*delay);
        return {};
    }
    if (name == "--ssh-port") {
        const auto port = parse_number(name, value, 65535);
        if (!port || *port == 0) {
            return failure(port ? "--ssh-port takes a number from 1 to 65535" : port.error());
        }
        options.ssh_port = *port;
        return {};
    }
    return failure("unknown option " + name);
}

/// Takes "--name value" and "--name=value".
Result<Options> parse_options(const std::vector<std::string>& arguments) {
    Options options;
    for (std::size_t position = 0; position < arguments.size(); ++position) {
        std::string name = arguments[position];
        if (name == "--help" || name == "-h") {
            options.help = true;
            continue;
        }
        if (name == "--die-with-parent") {
            options.die_with_parent = true;
            continue;
        }
        std::string value;
        if (const auto equals = name.find('='); equals != std::string::npos) {
            value = name.substr(equals + 1);
            name.resize(equals);
        } else if (position + 1 < arguments.size()) {
            value = arguments[++position];
        } else {
            return failure(name + " needs a value, or is not an option: see --help");
        }
        if (auto applied = apply_option(name, value, options); !applied) {
            return failure(applied.error());
        }
    }
    return options;
}

sigset_t ending_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    return signals;
}

/// Waits for a signal, or for the parent's end when asked to.
void wait_for_the_end(const Options& options, pid_t parent) {
    const sigset_t signals = ending_signals();
    const timespec interval{0, kParentPollNanoseconds};
    while (true) {
        const int signal_number = options.die_with_parent
                                      ? ::sigtimedwait(&signals, nullptr, &interval)
                                      : ::sigwaitinfo(&signals, nullptr);
        if (signal_number > 0) {
            log_line("event=ending signal=" + std::to_string(signal_number));
            return;
        }
        if (options.die_with_parent && ::getppid() != parent) {
            log_line("event=ending why=parent_ended");
            return;
        }
    }
}

/// Everything that runs, in the order in which it is built; it goes in the opposite order.
class Sandbox {
public:
    Result<void> start(const Options& options);
    [[nodiscard]] std::string ready_line() const;

private:
    Result<void> claim_machine(const Options& options);
    Result<void> start_services(const Options& options);
    Result<void> start_fleet(const Options& options);
    Result<void> relay_services(const Options& options);
    Result<void> start_clouds(const Options& options);

    std::filesystem::path base_image_;
    std::unique_ptr<Instance> instance_;
    std::unique_ptr<TelegramService> telegram_;
    std::unique_ptr<ModelService> model_;
    std::unique_ptr<SignInService> sign_in_;
    std::vector<ServiceAddress> services_;
    std::unique_ptr<Fleet> fleet_;
    /// Leads from --listen's address to the services, which listen on the sandbox's own.
    std::unique_ptr<Relay> relay_;
    std::unique_ptr<FleetSwitch> switch_;
    std::unique_ptr<Fleet> hetzner_hosts_;
    std::unique_ptr<Fleet> digitalocean_hosts_;
    std::unique_ptr<HetznerApi> hetzner_api_;
    std::unique_ptr<DigitalOceanApi> digitalocean_api_;
    std::unique_ptr<ApiService> hetzner_;
    std::unique_ptr<ApiService> digitalocean_;
};

Result<void> Sandbox::claim_machine(const Options& options) {
    auto image = ensure_base_image(options.image_dir, log_line);
    if (!image) {
        return failure(image.error());
    }
    base_image_ = *image;
    if (auto entered = enter_private_mount_namespace(); !entered) {
        return entered;
    }
    raise_kernel_limits(log_line);
    auto claimed = Instance::claim(options.state_dir, log_line);
    if (!claimed) {
        return failure(claimed.error());
    }
    instance_ = std::move(*claimed);
    log_line("event=instance_claimed number=" + std::to_string(instance_->number()) +
             " state_dir=" + instance_->state_dir().string() +
             " service_address=" + instance_->service_address());
    return {};
}

Result<void> Sandbox::start_services(const Options& options) {
    const std::string host = options.real_hosts ? instance_->service_address() : options.host;
    const auto port_after = [&](int distance) {
        return options.port == 0 ? 0 : options.port + distance;
    };
    telegram_ = std::make_unique<TelegramService>();
    model_ = std::make_unique<ModelService>();
    sign_in_ = std::make_unique<SignInService>();
    std::string error;
    // Nobody on a host has to sign in: that one listens for this machine alone.
    if (!telegram_->start(host, port_after(1), error) ||
        !model_->start(host, port_after(2), error) ||
        !sign_in_->start(options.host, port_after(3), error)) {
        return failure(error);
    }
    services_ = {{host, telegram_->port()}, {host, model_->port()}};
    return {};
}

Result<void> Sandbox::start_fleet(const Options& options) {
    if (!options.real_hosts) {
        fleet_ = std::make_unique<SimulatedFleet>();
        return {};
    }
    auto fleet = RealFleet::start(*instance_, base_image_, services_, options.ssh_port, log_line);
    if (!fleet) {
        return failure(fleet.error());
    }
    fleet_ = std::move(*fleet);
    return relay_services(options);
}

/// With fixed ports people expect the services beside the API, wherever that listens.
Result<void> Sandbox::relay_services(const Options& options) {
    if (options.port == 0) {
        return {};
    }
    auto relay = Relay::start(-1, log_line);
    if (!relay) {
        return failure(relay.error());
    }
    relay_ = std::move(*relay);
    for (const ServiceAddress& service : services_) {
        auto listener = listen_tcp(options.host, service.port);
        if (!listener) {
            return failure(listener.error());
        }
        if (auto forwarded =
                relay_->forward(0, service.port, std::move(*listener), service.ipv4, service.port);
            !forwarded) {
            return forwarded;
        }
    }
    return {};
}

Result<void> Sandbox::start_clouds(const Options& options) {
    const auto otherwise = options.real_hosts ? std::chrono::milliseconds(0) : kSimulatedBootDelay;
    const auto boot_delay = options.boot_delay.value_or(otherwise);
    const auto log_of = [](const std::string& name) -> Log {
        return [name](const std::string& line) { log_line("service=" + name + " " + line); };
    };
    switch_ = std::make_unique<FleetSwitch>(*fleet_);
    hetzner_hosts_ = switch_->make_share();
    digitalocean_hosts_ = switch_->make_share();
    hetzner_api_ = std::make_unique<HetznerApi>(
        *hetzner_hosts_, HetznerOptions{.boot_delay = boot_delay, .log = log_of("hetzner")});
    digitalocean_api_ = std::make_unique<DigitalOceanApi>(
        *digitalocean_hosts_,
        DigitalOceanOptions{.boot_delay = boot_delay, .log = log_of("digitalocean")});
    hetzner_ = std::make_unique<ApiService>(
        [this](const ApiCall& call) { return hetzner_api_->handle(call); }, "/v1",
        log_of("hetzner"));
    digitalocean_ = std::make_unique<ApiService>(
        [this](const ApiCall& call) { return digitalocean_api_->handle(call); }, "/v2",
        log_of("digitalocean"));
    std::string error;
    const int digitalocean_port = options.port == 0 ? 0 : options.port + 4;
    if (!hetzner_->start(options.host, options.port, error) ||
        !digitalocean_->start(options.host, digitalocean_port, error)) {
        return failure(error);
    }
    return {};
}

Result<void> Sandbox::start(const Options& options) {
    if (options.real_hosts) {
        if (auto claimed = claim_machine(options); !claimed) {
            return claimed;
        }
    }
    // Threads inherit the mask, so that only wait_for_the_end() sees these signals.
    const sigset_t signals = ending_signals();
    ::sigprocmask(SIG_BLOCK, &signals, nullptr);
    if (auto started = start_services(options); !started) {
        return started;
    }
    if (auto started = start_fleet(options); !started) {
        return started;
    }
    return start_clouds(options);
}

std::string Sandbox::ready_line() const {
    nlohmann::json line{{"hetzner", hetzner_->base_url()}};
    line["digitalocean"] = digitalocean_->base_url();
    line["telegram"] = telegram_->base_url();
    line["model"] = model_->base_url();
    line["signIn"] = sign_in_->base_url();
    return line.dump();
}

/// One sentence of what is missing for real hosts, or nothing.
std::optional<std::string> missing_for_real_hosts() {
    if (::geteuid() != 0) {
        return "real hosts need root (systemd-nspawn, network namespaces and cgroup v2): run it as "
               "root, or with --hosts none for the API alone";
    }
    if (::access("/usr/bin/systemd-nspawn", X_OK) != 0) {
        return "systemd-nspawn is missing: install the package systemd-container";
    }
    if (::access("/usr/sbin/ip", X_OK) != 0 && ::access("/usr/bin/ip", X_OK) != 0 &&
        ::access("/sbin/ip", X_OK) != 0) {
        return "ip is missing: install the package iproute2";
    }
    return std::nullopt;
}

int complain(int exit_code, const std::string& sentence) {
    log_line("hatchery-sandbox: " + sentence);
    return exit_code;
}

int run(const std::vector<std::string>& arguments) {
    const pid_t parent = ::getppid();
    const auto options = parse_options(arguments);
    if (!options) {
        return complain(kExitUsage, options.error());
    }
    if (options->help) {
        std::cout << kHelp;
        return 0;
    }
    if (options->real_hosts) {
        if (const auto missing = missing_for_real_hosts()) {
            return complain(kExitUsage, *missing);
        }
    }
    ::signal(SIGPIPE, SIG_IGN);
    Sandbox sandbox;
    if (auto started = sandbox.start(*options); !started) {
        return complain(kExitFailed, started.error());
    }
    std::cout << sandbox.ready_line() << std::endl;
    wait_for_the_end(*options, parent);
    return 0;
}

}  // namespace

int main(int argc, char** argv) { return run(std::vector<std::string>(argv + 1, argv + argc)); }
