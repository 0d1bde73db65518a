// ts-proto appends "Service" to names that buf already wants to end in it; these are the names used here.
export * from './gen/lexcustis/rag/v1/document_service.js'
export * from './gen/lexcustis/rag/v1/knowledge_service.js'
export * from './gen/lexcustis/rag/v1/passage.js'
export * from './gen/lexcustis/rag/v1/search_service.js'
export { DocumentServiceService as DocumentDefinition } from './gen/lexcustis/rag/v1/document_service.js'
export { KnowledgeServiceService as KnowledgeDefinition } from './gen/lexcustis/rag/v1/knowledge_service.js'
export { SearchServiceService as SearchDefinition } from './gen/lexcustis/rag/v1/search_service.js'
