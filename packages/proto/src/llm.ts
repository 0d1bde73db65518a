// ts-proto appends "Service" to names that buf already wants to end in it; these are the names used here.
export * from './gen/lexcustis/llm/v1/chat_service.js'
export * from './gen/lexcustis/llm/v1/provider_service.js'
export { ChatServiceService as ChatDefinition } from './gen/lexcustis/llm/v1/chat_service.js'
export { ProviderServiceService as ProviderDefinition } from './gen/lexcustis/llm/v1/provider_service.js'
