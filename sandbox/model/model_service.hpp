#pragma once

#include <memory>
#include <string>

namespace hatchery::sandbox {

struct ModelServiceOptions {
    /// The only model that GET /v1/models lists; requests may name any.
    std::string model_id = "sandbox-1";
    /// What stands before the user's text in an answer.
    std::string reply_prefix = "Sandbox model heard: ";
    /// Connections served at the same time.
    int max_connections = 256;
};

/// A model API that speaks the protocols of OpenAI (chat completions, responses, embeddings) and
/// Anthropic (messages), streaming and not, and answers with what the user said last.
/// Routes and behaviour: sandbox/model/README.md.
class ModelService {
public:
    explicit ModelService(ModelServiceOptions options = {});
    /// Stops the service.
    ~ModelService();
    ModelService(const ModelService&) = delete;
    ModelService& operator=(const ModelService&) = delete;

    /// Listens on `host`:`port` (0: any free port) and returns once connections are accepted.
    /// False, with a sentence in `error`, when the address cannot be had.
    bool start(const std::string& host, int port, std::string& error);
    /// The port it listens on; 0 before start().
    [[nodiscard]] int port() const;
    /// "http://host:port/v1": what an OpenAI-compatible client takes as its base URL.
    [[nodiscard]] std::string base_url() const;
    /// Ends running answers and joins all threads. May be called twice.
    void stop();

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace hatchery::sandbox
