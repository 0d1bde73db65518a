// ts-proto appends "Service" to names that buf already wants to end in it; these are the names used here.
export * from './gen/lexcustis/error/v1/reason.js'
