#include "web-hooks/bot_lines.hpp"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "core/webhook_path.hpp"

namespace hatchery::web_hooks {

namespace {

using base::ErrorKind;

/// One bot's tunnel. Whoever posts holds it by shared_ptr, so that closing never cuts a post.
struct Line {
    std::mutex mutex;
    /// One thread opens the tunnel; those that come meanwhile wait and use what it made.
    bool opening = false;
    std::condition_variable_any opened;
    std::shared_ptr<ports::Tunnel> tunnel;
    std::string public_id;
    base::Secret secret;
    base::TimePoint used_at;
    std::optional<base::Error> failure;
    base::TimePoint failed_at;
};

/// What is needed for one post, taken out of a line under its lock.
struct OpenLine {
    std::shared_ptr<ports::Tunnel> tunnel;
    std::string public_id;
    base::Secret secret;
};

class TunnelBotLines final : public BotLines {
public:
    TunnelBotLines(ports::FleetStore& fleet, ports::RemoteHost& hosts, ports::HttpTransport& http,
                   base::Clock& clock, BotLineOptions options)
        : fleet_(fleet), hosts_(hosts), http_(http), clock_(clock), options_(options) {}

    base::Result<int> post(const base::BotId& bot, const std::string& body,
                           const base::Call& call) override {
        const auto line = line_of(bot);
        auto open = take(*line, bot, call);
        if (!open) return base::fail(std::move(open).error());

        ports::HttpRequest request{.method = "POST",
                                   .url = "http://127.0.0.1:" + std::to_string(core::webhook_port) +
                                          core::hook_path(open->public_id),
                                   .headers = {{"Content-Type", "application/json"}},
                                   .secret_headers = {{core::telegram_secret_header, open->secret}},
                                   .body = body,
                                   .unix_socket = open->tunnel->socket_path(),
                                   .max_response_bytes = 64U << 10U};
        auto response = http_.send(request, call);
        if (!response) {
            close(*line, open->tunnel);
            if (response.error().kind == ErrorKind::timeout) rest(*line, response.error());
            return base::fail(std::move(response).error());
        }
        // The listener knows another secret or path than we read: read them again.
        if (response->status == 401 || response->status == 404) close(*line, open->tunnel);
        return response->status;
    }

    void close_idle() override {
        const auto now = clock_.now();
        const std::lock_guard lock(mutex_);
        std::erase_if(lines_, [&](const auto& entry) {
            const std::lock_guard line_lock(entry.second->mutex);
            return now - entry.second->used_at > options_.idle_limit;
        });
    }

    std::size_t open_count() const override {
        const std::lock_guard lock(mutex_);
        std::size_t open = 0;
        for (const auto& [bot, line] : lines_) {
            const std::lock_guard line_lock(line->mutex);
            if (line->tunnel) ++open;
        }
        return open;
    }

private:
    std::shared_ptr<Line> line_of(const base::BotId& bot) {
        const std::lock_guard lock(mutex_);
        if (const auto it = lines_.find(bot); it != lines_.end()) return it->second;
        if (lines_.size() >= options_.max_open) drop_oldest();
        auto line = std::make_shared<Line>();
        line->used_at = clock_.now();
        lines_.emplace(bot, line);
        return line;
    }

    /// Needs mutex_.
    void drop_oldest() {
        auto oldest = lines_.end();
        base::TimePoint oldest_use = base::TimePoint::max();
        for (auto it = lines_.begin(); it != lines_.end(); ++it) {
            const std::lock_guard line_lock(it->second->mutex);
            if (it->second->used_at < oldest_use) {
                oldest = it;
                oldest_use = it->second->used_at;
            }
        }
        if (oldest != lines_.end()) lines_.erase(oldest);
    }

    /// The open tunnel, or nothing, or the failure that is too fresh to try again.
    base::Result<std::optional<OpenLine>> look(Line& line) {
        const auto now = clock_.now();
        const std::lock_guard lock(line.mutex);
        line.used_at = now;
        if (line.tunnel && line.tunnel->alive()) {
            return OpenLine{line.tunnel, line.public_id, line.secret};
        }
        line.tunnel.reset();
        if (line.failure && now - line.failed_at < options_.rest_after_failure) {
            return base::fail(*line.failure);
        }
        return std::nullopt;
    }

    base::Result<OpenLine> take(Line& line, const base::BotId& bot, const base::Call& call) {
        auto seen = look(line);
        if (!seen) return base::fail(std::move(seen).error());
        if (*seen) return **std::move(seen);

        if (auto turn = begin_opening(line, call); !turn) {
            return base::fail(std::move(turn).error());
        }
        seen = look(line);
        if (!seen || *seen) {
            end_opening(line);
            if (!seen) return base::fail(std::move(seen).error());
            return **std::move(seen);
        }
        auto opened = open(bot, call);
        if (!opened) {
            // A shutdown says nothing about the server.
            if (opened.error().kind != ErrorKind::cancelled) rest(line, opened.error());
            end_opening(line);
            return base::fail(std::move(opened).error());
        }
        {
            const std::lock_guard lock(line.mutex);
            line.failure.reset();
            line.tunnel = opened->tunnel;
            line.public_id = opened->public_id;
            line.secret = opened->secret;
        }
        end_opening(line);
        return *std::move(opened);
    }

    /// Waits until nobody else opens this line.
    base::Result<void> begin_opening(Line& line, const base::Call& call) {
        std::unique_lock lock(line.mutex);
        if (!line.opened.wait_for(lock, call.stop, call.left(), [&] { return !line.opening; })) {
            if (call.stop.stop_requested()) {
                return base::fail(ErrorKind::cancelled, "The delivery was stopped.");
            }
            return base::fail(ErrorKind::timeout,
                              "Opening the way to the bot's server takes long.");
        }
        line.opening = true;
        return {};
    }

    void end_opening(Line& line) {
        {
            const std::lock_guard lock(line.mutex);
            line.opening = false;
        }
        line.opened.notify_one();
    }

    base::Result<ports::SshTarget> target_of(const base::BotId& bot) {
        auto server = fleet_.server_of(bot);
        if (!server) return base::fail(std::move(server).error());
        if (!*server || (*server)->state != core::ServerState::ready) {
            return base::fail(ErrorKind::unavailable, "The bot has no server that is ready.");
        }
        auto key = fleet_.secret({.owner = ports::SecretOwner::server,
                                  .owner_id = (*server)->id.text(),
                                  .name = ports::secret_name::client_key});
        if (!key) return base::fail(std::move(key).error());
        ports::SshTarget target{.host = (*server)->public_ip,
                                .port = core::ssh_port_of(**server, options_.ssh_port),
                                .user = "root",
                                .host_keys = {(*server)->host_key},
                                .private_key = *std::move(key)};
        if (!(*server)->next_host_key.empty()) {
            target.host_keys.push_back((*server)->next_host_key);
        }
        return target;
    }

    base::Result<OpenLine> open(const base::BotId& bot, const base::Call& call) {
        auto row = fleet_.bot(bot);
        if (!row) {
            base::Error error = std::move(row).error();
            if (error.kind == ErrorKind::not_found) error.code = "bot_gone";
            return base::fail(std::move(error));
        }
        auto target = target_of(bot);
        if (!target) return base::fail(std::move(target).error());
        auto secret = fleet_.secret({.owner = ports::SecretOwner::bot,
                                     .owner_id = bot.text(),
                                     .name = ports::secret_name::webhook_secret});
        if (!secret) return base::fail(std::move(secret).error());
        auto tunnel = hosts_.open_tunnel(*target, core::webhook_port, call);
        if (!tunnel) return base::fail(std::move(tunnel).error());
        return OpenLine{*std::move(tunnel), row->public_id, *std::move(secret)};
    }

    /// Makes further tries fail at once for a while.
    void rest(Line& line, const base::Error& failure) {
        const std::lock_guard lock(line.mutex);
        line.failure = failure;
        line.failed_at = clock_.now();
    }

    /// Forgets this tunnel, unless somebody has put another in its place.
    void close(Line& line, const std::shared_ptr<ports::Tunnel>& tunnel) {
        const std::lock_guard lock(line.mutex);
        if (line.tunnel == tunnel) line.tunnel.reset();
    }

    ports::FleetStore& fleet_;
    ports::RemoteHost& hosts_;
    ports::HttpTransport& http_;
    base::Clock& clock_;
    const BotLineOptions options_;
    mutable std::mutex mutex_;
    std::unordered_map<base::BotId, std::shared_ptr<Line>> lines_;
};

}  // namespace

std::unique_ptr<BotLines> make_bot_lines(ports::FleetStore& fleet, ports::RemoteHost& hosts,
                                         ports::HttpTransport& http, base::Clock& clock,
                                         BotLineOptions options) {
    return std::make_unique<TunnelBotLines>(fleet, hosts, http, clock, options);
}

}  // namespace hatchery::web_hooks
