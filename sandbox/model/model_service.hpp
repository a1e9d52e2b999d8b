#pragma once

#include <string>

#include "sandbox/web/web_service.hpp"

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
/// The base URL is that of an OpenAI-compatible client: `http://host:port/v1`.
class ModelService final : public WebService {
public:
    explicit ModelService(ModelServiceOptions options = {});

private:
    class Impl;
};

}  // namespace hatchery::sandbox
